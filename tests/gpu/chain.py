"""Extract, fine-tune and re-extract synthetic tiles, and print the digests of all arrays.

    python chain.py [extract | stopped]

`extract` ends after the extraction; `stopped` stops the fine-tuning after its second epoch first.
"""

import hashlib
import logging
import sys
from pathlib import Path

import h5py
import numpy as np
import sklearn  # noqa: F401 -- else its version is recorded from the second training on
from safetensors.numpy import load_file
from tiles import settings, synthetic_tiles

import extract
import finetune
import reextract
from rsir.training import resumption

BACKBONE = "efficientnet_lite0"
STAGE = {"epochs": 2, "optimizer": "adamw", "learning_rate": 1e-3, "weight_decay": 0.01}
THREADS = 8


def main(part: str) -> None:
    """Run the scripts as the rules do."""
    logging.basicConfig(level=logging.INFO)
    with synthetic_tiles(10) as tiles:
        files = [tiles.root / name for name in ("d.h5", "a.h5", "p.json", "m.safetensors", "r.h5")]
        descriptors, activations, precision, models, tuned = files
        own = settings(BACKBONE)
        inputs = {"archive": tiles.file, "pixels": tiles.pixels, "weights": tiles.weights}
        made = (descriptors, activations, precision)
        extract.main(inputs, tiles.root, BACKBONE, own, THREADS, True, *made)
        if part == "extract":
            return
        table = tiles.table
        subset = np.array(["train", "validation", "test"])[np.minimum(np.arange(len(table)) % 5, 2)]
        split = tiles.root / "split.csv"
        table[["image"]].assign(subset=subset).to_csv(split, index=False)
        method = {"backbone": BACKBONE, "labeling": "multi_label", "trained_on": "tiles", "seed": 0}

        def train() -> None:
            finetune.main(
                files=inputs | {"split": split},
                descriptors=descriptors,
                precision=precision,
                activations=[activations],
                root=tiles.root,
                method=method,
                backbone_settings=own,
                cut=None,
                augmentation=None,
                kind="multi_label",
                options={},
                settings={"batch_size": 32, "head": STAGE, "tail": STAGE},
                threads=THREADS,
                use_gpu=True,
                code=[],
                models=models,
                curve=tiles.root / "curve.csv",
            )

        if part == "stopped":
            stop_after(train, states=3)
        train()
        reextract.main(
            inputs,
            tiles.root,
            precision,
            activations,
            models,
            None,
            None,
            method,
            own,
            None,
            THREADS,
            True,
            tuned,
        )
        for path in (descriptors, activations, tuned):
            with h5py.File(path) as file:
                print_digests(path, {name: file[name][:] for name in file})
        print_digests(models, load_file(models))


def stop_after(train, states: int) -> None:
    """Stop a fine-tuning after it has saved some states, one after each epoch."""
    write, resumption.SECONDS, saved = resumption.Resumption.write, 0, []

    def write_and_stop(self, network, state) -> None:
        write(self, network, state)
        saved.append(network)
        if len(saved) == states:
            raise KeyboardInterrupt

    resumption.Resumption.write = write_and_stop
    try:
        train()
    except KeyboardInterrupt:
        resumption.Resumption.write = write


def print_digests(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Print the digest of each array."""
    for name, values in arrays.items():
        digest = hashlib.sha256(values.tobytes()).hexdigest()
        sys.stdout.write(f"digest {path.name} {name} {digest}\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
