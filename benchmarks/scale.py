"""Time and memory of each stage after extraction against the number of images.

The archive has 21 scenes and 17 labels, and its descriptors are random, in a file as extraction
writes it. A tenth of the images, but at most 1,000, are queries; all are searched. Each stage is a
process of its own that reads and writes its files. `SCALE_IMAGES` in the environment is the largest
number of images, 10,000 by default. The exponent is fitted to the two largest archives; rows for
BigEarthNet and for ten million images are extrapolated with it, and marked so.
"""

import math
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from measure import Row, run_in_process, timed

import bounds
import retrieve
import score
from rsir.archives.archive_table import read_archive, write_archive
from rsir.core.hdf5 import array_file
from rsir.core.origin import digests, method_of

LARGEST = int(os.environ.get("SCALE_IMAGES", "10000"))
SIZES = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= LARGEST]
EXTRAPOLATED = {"BigEarthNet": 549_488, "ten million": 10_000_000}
SCENES, LABELS, DIMENSION, QUERIES = 21, 17, 2048, 1000
CUTOFFS = [5, 20]
METHOD = method_of("bench", "random", "off_the_shelf")
THREADS = os.cpu_count() or 1
WRITTEN_ROWS = 16384
FIGURE = Path("results/benchmark_scale.png")


def measure() -> Iterator[Row]:
    """Measure all stages of archives of growing size, then extrapolate."""
    points: dict[str, list[tuple[int, float]]] = {stage: [] for stage in STAGES}
    for images in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_inputs(folder, images)
            for stage, work in STAGES.items():
                measured = run_in_process(work, folder)
                points[stage].append((images, measured.seconds))
                yield Row(
                    "scale",
                    f"{stage}, {images:,} images",
                    "measured",
                    measured.seconds,
                    images / measured.seconds,
                    "images/s",
                    peak_mib=measured.peak_mib,
                )
    draw(points)
    for stage, measured in points.items():
        if len(measured) > 1:
            exponent = fitted_exponent(measured)
            images, seconds = measured[-1]
            for name, count in EXTRAPOLATED.items():
                yield Row(
                    "scale",
                    f"{stage}, {name}",
                    "extrapolated",
                    seconds * (count / images) ** exponent,
                    agreement=f"exponent {exponent:.2f}",
                )


def fitted_exponent(points: list[tuple[int, float]]) -> float:
    """Return how time grows with the number of images between the two largest archives."""
    (few, before), (many, after) = points[-2:]
    return math.log(after / before) / math.log(many / few)


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
    files = [folder / name for name in ("archive.csv", "split.csv")]
    settings = (METHOD, CUTOFFS, "all", "test", ["pool"], THREADS, False)
    return timed(
        lambda: retrieve.main(
            *files, None, folder / "descriptors.h5", *settings, folder / "rankings.h5"
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


def draw(points: dict[str, list[tuple[int, float]]]) -> None:
    """Draw time against the number of images, on logarithmic axes."""
    figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    for stage, measured in points.items():
        axes.loglog(*zip(*measured, strict=True), marker="o", label=stage)
    axes.set(xlabel="images", ylabel="seconds")
    axes.legend()
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=150)
