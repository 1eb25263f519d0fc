"""Fine-tuning from stored activations, compared with a forward pass of the whole network."""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from extraction import DEVICE, Images
from measure import Measured, Row, run_in_process, timed
from tiles import Tiles, settings, synthetic_tiles
from torch import nn
from torch.utils.data import DataLoader

import extract
import finetune
from rsir.networks.backbone import pooled
from rsir.networks.load import load_backbone
from rsir.training.batches import shuffled_batches
from rsir.training.labelings import Task, labeling_tasks
from rsir.training.losses import LOSSES
from rsir.training.models import Head

THREADS = os.cpu_count() or 1
IMAGES_PER_SCENE = 4
STAGES: dict[str, Any] = {
    "batch_size": 32,
    "head": {"epochs": 10, "optimizer": "adamw", "learning_rate": 1e-3, "weight_decay": 0.01},
    "tail": {"epochs": 10, "optimizer": "adamw", "learning_rate": 3e-4, "weight_decay": 0.01},
}
SEED = 0
CASES = [
    ("efficientnet_lite0", "single_label"),
    ("efficientnet_lite0", "multi_label"),
    ("efficientnet_lite0", "powerset"),
    ("efficientnet_lite0", "independent"),
    ("resnet50", "multi_label"),
    ("inception_v3", "multi_label"),
    ("vgg16", "multi_label"),
]


def measure() -> Iterator[Row]:
    """Measure each labeling, both ways; the plain one trains only one network of `independent`.

    For a labeling with several networks, one job per network is compared with one job for all,
    including the start of the processes.
    """
    with synthetic_tiles(IMAGES_PER_SCENE) as tiles:
        table = tiles.table
        subset = np.where(np.isin(np.arange(len(table)), train_rows(table)), "train", "test")
        table[["image"]].assign(subset=subset).to_csv(tiles.root / "split.csv", index=False)
        for backbone in dict.fromkeys(backbone for backbone, _ in CASES):
            run_in_process(extract_files, backbone, tiles)
        for backbone, kind in CASES:
            case = f"{backbone}, {kind}"
            networks = len(labeling_tasks(kind, table, train_rows(table)))
            times = f", one network × {networks}" if networks > 1 else ""
            one = run_in_process(plain, backbone, kind, tiles)
            yield row(case, f"plain{times}", replace(one, seconds=one.seconds * networks))
            measured, seconds = timed(partial(run_in_process, here, backbone, kind, tiles))
            yield row(case, "here", measured)
            if networks > 1:
                one, each = timed(partial(run_in_process, here, backbone, "multi_label", tiles))
                jobs = replace(one, seconds=each * networks)
                yield row(f"{case}, as jobs", f"a job for each × {networks}", jobs)
                yield row(f"{case}, as jobs", "one job for all", replace(measured, seconds=seconds))


def row(case: str, way: str, measured: Measured) -> Row:
    """Return the row of a measurement."""
    return Row(
        "finetuning",
        case,
        way,
        measured.seconds,
        peak_mib=measured.peak_mib,
        agreement=f"loss of {measured.value}",
    )


def train_rows(table: pd.DataFrame) -> np.ndarray:
    """Return all images except the first, since a split needs a test image."""
    return np.arange(1, len(table))


def extract_files(backbone: str, tiles: Tiles) -> tuple[None, float]:
    """Extract descriptors and activations for fine-tuning."""
    names = (f"{backbone}.h5", f"{backbone}-activations.h5", f"{backbone}.json")
    files = [tiles.root / name for name in names]
    inputs = {"archive": tiles.file, "pixels": tiles.pixels, "weights": tiles.weights}
    method = backbone, settings(backbone)
    return timed(lambda: extract.main(inputs, tiles.root, *method, THREADS, True, *files))


def here(backbone: str, kind: str, tiles: Tiles) -> tuple[str, float]:
    """Run the script of the pipeline, including reading and writing files."""
    curve = tiles.root / "curve.csv"
    _, seconds = timed(
        lambda: finetune.main(
            files={
                "archive": tiles.file,
                "pixels": tiles.pixels,
                "split": tiles.root / "split.csv",
                "weights": tiles.weights,
            },
            descriptors=tiles.root / f"{backbone}.h5",
            precision=tiles.root / f"{backbone}.json",
            activations=[tiles.root / f"{backbone}-activations.h5"],
            root=tiles.root,
            method={"backbone": backbone, "labeling": kind, "trained_on": "sample", "seed": SEED},
            backbone_settings=settings(backbone),
            cut=None,
            augmentation=None,
            kind=kind,
            options={},
            settings=STAGES,
            threads=THREADS,
            use_gpu=True,
            code=[],
            models=tiles.root / "models.safetensors",
            curve=curve,
        )
    )
    rows = pd.read_csv(curve)
    last = rows[rows["task"] == rows["task"][0]].iloc[-1]
    return f"{last['task']}: {last['train_loss']:.4f}", seconds


def plain(backbone: str, kind: str, tiles: Tiles) -> tuple[str, float]:
    """Train the first network of a labeling in float32, from the image files."""
    torch.set_num_threads(THREADS)
    table = tiles.table
    train = train_rows(table)
    task = labeling_tasks(kind, table, train)[0]
    loss, seconds = timed(lambda: plain_loop(task, train, backbone, tiles))
    return f"{task.name}: {loss:.4f}", seconds


def plain_loop(task: Task, train: np.ndarray, backbone: str, tiles: Tiles) -> float:
    """Train in two stages with the same batches, and return the mean loss of the last epoch."""
    parts = load_backbone(None, **settings(backbone))
    network = nn.Sequential(parts.trunk, parts.tail.requires_grad_(False)).to(DEVICE)
    images = Images(tiles.paths, parts)
    generator = np.random.default_rng([SEED, *task.name.encode()])
    torch.manual_seed(int(generator.integers(2**31)))
    (target,) = task.targets
    head = Head(parts.dimension, len(target.names)).to(DEVICE)
    for stage, trained in (("head", [head]), ("tail", [parts.tail, head])):
        weights = [weight for part in trained for weight in part.requires_grad_(True).parameters()]
        options = STAGES[stage]
        optimizer = torch.optim.AdamW(
            weights, lr=options["learning_rate"], weight_decay=options["weight_decay"]
        )
        for _ in range(options["epochs"]):
            total = 0.0
            batches = shuffled_batches(train, STAGES["batch_size"], generator)
            loader = DataLoader(
                images, batch_sampler=[rows.tolist() for rows in batches], num_workers=THREADS - 1
            )
            for rows, pixels in zip(batches, loader, strict=True):
                logits = head(pooled(parts.pooling, network(pixels.to(DEVICE))))
                targets = torch.from_numpy(target.expected[rows]).to(DEVICE)
                loss = LOSSES[target.activation](logits, targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
    return total / len(train)
