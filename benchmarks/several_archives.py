"""Run time and memory of a comparison across 3 archives: 30 methods of 5 seeds, 2,100 queries.

The scores are noise in files as the workflow writes them, which are read as in a run. Each table is
made in a process of its own, as a job is.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from measure import Row, run_in_process, timed

import across
from rsir.archives.archive_table import read_archive, write_archive
from rsir.evaluation.comparison import comparison
from rsir.evaluation.contrasts import contrasts
from rsir.evaluation.runs import read_all_scores
from rsir.evaluation.scores import SCORE_COLUMNS
from rsir.evaluation.tables import write_table
from rsir.metrics.scoring import METRICS

ARCHIVES = ("first", "second", "third")
BACKBONES = tuple("abcde")
LABELINGS = ("single_label", "multi_label", "powerset")
DESCRIPTORS = ("pool", "output")
SEEDS = range(5)
QUERIES, SCENES = 2100, 21
PART = "several_archives"
PLANNED = [
    ["*/multi_label/*", "*/single_label/*"],
    ["*/powerset/*", "*/single_label/*"],
    ["*/*/output", "*/*/pool"],
]


def write_scores(work: Path, archive: str, rng: np.random.Generator) -> list[Path]:
    """Write an archive and the score files of its models, and return their paths in `work`."""
    folder = work / "results" / archive
    (folder / "tables").mkdir(parents=True)
    images = [f"image{number:04}" for number in range(QUERIES)]
    table = pd.DataFrame({"image": images, "path": [f"{image}.png" for image in images]})
    table["scene"] = [f"scene{number % SCENES:02}" for number in range(QUERIES)]
    table["width"], table["height"], table["sha256"] = 256, 256, "0" * 64
    write_archive(table.assign(label=1), folder / "archive.csv")
    easy = rng.uniform(0.3, 0.7, (QUERIES, len(METRICS)))
    paths = []
    for backbone in BACKBONES:
        for labeling in LABELINGS:
            for seed in SEEDS:
                rows = []
                for descriptor in DESCRIPTORS:
                    for query in ("excluded", "included"):
                        values = easy + rng.normal(0, 0.07, easy.shape)
                        rows.append(pd.DataFrame(values, columns=METRICS).assign(
                            backbone=backbone, labeling=labeling, trained_on=archive, seed=seed,
                            descriptor=descriptor, query=query, duplicates="kept", k=5,
                            image=images,
                        ))  # fmt: skip
                paths.append(folder / "scores" / backbone / f"{labeling}-seed{seed}.csv")
                write_table(paths[-1], pd.concat(rows)[SCORE_COLUMNS])
    return [path.relative_to(work) for path in paths]


def tables_of(archive: str, paths: list[Path]) -> None:
    """Make the tables of an archive that the comparison across archives reads."""
    folder = Path("results", archive)
    scores = read_all_scores(map(str, paths))
    write_table(folder / "tables" / "comparison.csv", comparison(archive, scores, QUERIES, {}))
    scenes = read_archive(folder / "archive.csv").set_index("image")["scene"]
    write_table(folder / "tables" / "contrasts.csv", contrasts(archive, scores, scenes, PLANNED))


def tables_across(paths: list[Path]) -> None:
    """Make the tables across archives."""
    outputs = {name: Path(f"{name}.csv") for name in ("comparison", "contrasts", "ranks")}
    across.main([*ARCHIVES], paths, PLANNED, None, [], None, outputs)


def timed_in(folder: str, work: Callable[..., None], *arguments: object) -> tuple[object, float]:
    """Return the seconds that a function takes in a working directory."""
    os.chdir(folder)
    return timed(partial(work, *arguments))


def measure() -> Iterator[Row]:
    """Time the tables of each archive and those across archives once."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        paths = {archive: write_scores(Path(folder), archive, rng) for archive in ARCHIVES}
        for archive, of_archive in paths.items():
            made = run_in_process(timed_in, folder, tables_of, archive, of_archive)
            yield Row(PART, f"tables of {archive}", "here", made.seconds, peak_mib=made.peak_mib)
        everything = [path for of_archive in paths.values() for path in of_archive]
        made = run_in_process(timed_in, folder, tables_across, everything)
        yield Row(PART, "tables across archives", "here", made.seconds, peak_mib=made.peak_mib)
