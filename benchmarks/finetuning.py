"""Fine-tuning from stored activations, against every epoch through the whole network."""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from extraction import DEVICE, Images
from measure import Measured, Row, apart, timed
from tiles import Tiles, drawn_tiles, settings
from torch import nn
from torch.utils.data import DataLoader

import extract
import finetune
from rsir.networks.backbone import pool
from rsir.networks.load import load_backbone
from rsir.training.finetuning import loss_of, shuffled_batches
from rsir.training.labelings import Task, labeling_tasks
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
    """Measure each labeling in both ways; of `independent` the plain one trains one network.

    Of a labeling with several networks, a job for each is compared with one for all, the start of
    the process included.
    """
    with drawn_tiles(IMAGES_PER_SCENE) as tiles:
        table = tiles.table
        subset = np.where(np.isin(np.arange(len(table)), train_rows(table)), "train", "test")
        table[["image"]].assign(subset=subset).to_csv(tiles.root / "split.csv", index=False)
        for backbone in dict.fromkeys(backbone for backbone, _ in CASES):
            apart(extracted, backbone, tiles)
        for backbone, kind in CASES:
            case = f"{backbone}, {kind}"
            networks = len(labeling_tasks(kind, table, train_rows(table)))
            times = f", one network × {networks}" if networks > 1 else ""
            one = apart(plain, backbone, kind, tiles)
            yield row(case, f"plain{times}", replace(one, seconds=one.seconds * networks))
            found, seconds = timed(partial(apart, here, backbone, kind, tiles))
            yield row(case, "here", found)
            if networks > 1:
                one, each = timed(partial(apart, here, backbone, "multi_label", tiles))
                jobs = replace(one, seconds=each * networks)
                yield row(f"{case}, as jobs", f"a job for each × {networks}", jobs)
                yield row(f"{case}, as jobs", "one job for all", replace(found, seconds=seconds))


def row(case: str, way: str, found: Measured) -> Row:
    """Return the row of what was measured."""
    return Row(
        "finetuning",
        case,
        way,
        found.seconds,
        peak_mib=found.peak_mib,
        agreement=f"loss of {found.value}",
    )


def train_rows(table: pd.DataFrame) -> np.ndarray:
    """Return all images but the first, since a split has to have a test image."""
    return np.arange(1, len(table))


def extracted(backbone: str, tiles: Tiles) -> tuple[None, float]:
    """Make what a fine-tuning starts from."""
    files = (tiles.root / f"{backbone}.h5", tiles.root / f"{backbone}-activations.h5")
    archive = (tiles.file, tiles.root, tiles.weights)
    return timed(lambda: extract.main(*archive, backbone, settings(backbone), THREADS, *files))


def here(backbone: str, kind: str, tiles: Tiles) -> tuple[str, float]:
    """Run the pipeline's script, from its files to its files."""
    curve = tiles.root / "curve.csv"
    _, seconds = timed(
        lambda: finetune.main(
            files={
                "archive": tiles.file,
                "split": tiles.root / "split.csv",
                "weights": tiles.weights,
                "descriptors": tiles.root / f"{backbone}.h5",
            },
            activations=tiles.root / f"{backbone}-activations.h5",
            root=tiles.root,
            method={"backbone": backbone, "labeling": kind, "seed": SEED},
            backbone_settings=settings(backbone),
            kind=kind,
            settings=STAGES,
            threads=THREADS,
            models=tiles.root / "models.safetensors",
            curve=curve,
        )
    )
    rows = pd.read_csv(curve)
    last = rows[rows["task"] == rows["task"][0]].iloc[-1]
    return f"{last['task']}: {last['train_loss']:.4f}", seconds


def plain(backbone: str, kind: str, tiles: Tiles) -> tuple[str, float]:
    """Train the first network of a labeling as it comes: float32, from the image files."""
    torch.set_num_threads(THREADS)
    table = tiles.table
    train = train_rows(table)
    task = labeling_tasks(kind, table, train)[0]
    loss, seconds = timed(lambda: plain_loop(task, train, backbone, tiles))
    return f"{task.name}: {loss:.4f}", seconds


def plain_loop(task: Task, train: np.ndarray, backbone: str, tiles: Tiles) -> float:
    """Train in the two stages, with the same batches, and return the last epoch's mean loss."""
    parts = load_backbone(None, **settings(backbone))
    network = nn.Sequential(parts.trunk, parts.tail.requires_grad_(False)).to(DEVICE)
    images = Images(tiles.paths, parts)
    generator = np.random.default_rng([SEED, *task.name.encode()])
    torch.manual_seed(int(generator.integers(2**31)))
    head = Head(parts.dimension, len(task.outputs)).to(DEVICE)
    for stage, trained in (("head", [head]), ("tail", [parts.tail, head])):
        weights = [weight for part in trained for weight in part.requires_grad_(True).parameters()]
        chosen = STAGES[stage]
        optimizer = torch.optim.AdamW(
            weights, lr=chosen["learning_rate"], weight_decay=chosen["weight_decay"]
        )
        for _ in range(chosen["epochs"]):
            total = 0.0
            batches = shuffled_batches(train, STAGES["batch_size"], generator)
            loader = DataLoader(
                images, batch_sampler=[rows.tolist() for rows in batches], num_workers=THREADS - 1
            )
            for rows, pixels in zip(batches, loader, strict=True):
                logits = head(pool(network(pixels.to(DEVICE))))
                targets = torch.from_numpy(task.targets[rows]).to(DEVICE)
                loss = loss_of(logits, targets, task.activation)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
    return total / len(train)
