"""Stages from the descriptors on: time and memory of each, for descriptors of random numbers.

The archive has 21 scenes and 17 labels; the descriptors are in a file as extraction writes it. A
tenth of the images, but at most 10,000, are queries; all are searched. Each stage is a process of
its own that reads and writes its files.
"""

import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from measure import run_in_process, timed

import bounds
import retrieve
import score
from rsir.archives.archive_table import read_archive, write_archive
from rsir.core.hdf5 import array_file
from rsir.core.origin import digests, method_of

SCENES, LABELS, DIMENSION, QUERIES = 21, 17, 2048, 10_000
CUTOFFS = [5, 20]
METHOD = method_of("bench", "random", "off_the_shelf")
THREADS = os.cpu_count() or 1
WRITTEN_ROWS = 16384


def measured_stages(images: int) -> pd.DataFrame:
    """Return the `seconds`, `processor_seconds` and `peak_mib` of each stage, a row for each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder, images)
        measured = {stage: run_in_process(work, folder) for stage, work in STAGES.items()}
    return pd.DataFrame.from_dict(
        {stage: asdict(values) for stage, values in measured.items()}, orient="index"
    )


def write_inputs(folder: Path, images: int) -> None:
    """Write the archive, its split and its descriptors."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"image": [f"tile{number:08}" for number in range(images)]})
    table["path"] = table["image"] + ".png"
    table["scene"] = [f"scene{number % SCENES:02}" for number in range(images)]
    table["width"], table["height"], table["sha256"] = 64, 64, "0" * 64
    labels = pd.DataFrame(rng.integers(0, 2, (images, LABELS)))
    write_archive(
        table.join(labels.set_axis([f"label{i:02}" for i in range(LABELS)], axis=1)),
        folder / "archive.csv",
    )
    queries = min(QUERIES, images // 10)
    table["subset"] = np.where(np.arange(images) < queries, "test", "train")
    table[["image", "subset"]].to_csv(folder / "split.csv", index=False)
    facts = {**METHOD, **digests({"archive": folder / "archive.csv"})}
    with array_file(folder / "descriptors.h5", list(table["image"]), facts) as file:
        for first in range(0, images, WRITTEN_ROWS):
            rows = min(WRITTEN_ROWS, images - first)
            file.append("pool", rng.standard_normal((rows, DIMENSION), dtype=np.float32) + 0.5)


def read_table(folder: Path) -> tuple[int, float]:
    """Time the reading of the archive's table."""
    table, seconds = timed(lambda: read_archive(folder / "archive.csv"))
    return len(table), seconds


def search(folder: Path) -> tuple[None, float]:
    """Time the retrieval of all images."""
    return timed(
        lambda: retrieve.main(
            archive=folder / "archive.csv",
            split=folder / "split.csv",
            duplicates=None,
            descriptors=folder / "descriptors.h5",
            method=METHOD,
            cutoffs=CUTOFFS,
            database="all",
            queries="test",
            protocol=None,
            searched=["pool"],
            similarity="cosine",
            expansion=None,
            threads=THREADS,
            use_gpu=False,
            rankings=folder / "rankings.h5",
        )
    )


def score_queries(folder: Path) -> tuple[None, float]:
    """Time the scores of the rankings."""
    files = folder / "archive.csv", folder / "rankings.h5"
    return timed(lambda: score.main(*files, CUTOFFS, folder / "scores.csv"))


def score_bounds(folder: Path) -> tuple[None, float]:
    """Time the scores of the bounds, at least 20,000 rankings each."""
    files = folder / "archive.csv", folder / "split.csv"
    return timed(lambda: bounds.main(*files, None, CUTOFFS, "all", "test", folder / "bounds.csv"))


STAGES: dict[str, Callable[[Path], tuple[object, float]]] = {
    "table": read_table,
    "retrieve": search,
    "score": score_queries,
    "bounds": score_bounds,
}
