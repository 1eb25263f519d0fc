"""Run time of scoring and statistics for 30 models with 2,100 queries each.

Reading and writing files is included. The descriptors are the labels with noise.
"""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from measure import Row, timed

import bounds
import by_label
import compare
import score
from rsir.archives.archive_table import write_archive
from rsir.evaluation.by_scene import by_scene
from rsir.evaluation.contrasts import contrasts
from rsir.evaluation.runs import read_all_scores
from rsir.evaluation.tables import write_table
from rsir.search.exact import rank
from rsir.search.protocol import find_search
from rsir.search.ranking_file import write_rankings

ARCHIVE = "bench"
SCENES, PER_SCENE, LABELS = 21, 101, 17  # one training image per scene
BACKBONES = ("a", "b", "c")
LABELINGS = ("single_label", "multi_label", "independent")
SEEDS = (0, 1, 2)
DESCRIPTORS = ("pool", "output")
CUTOFFS = [20]
DEPTH = 2 * PER_SCENE  # the ranks that ANMRR needs


def random_archive(rng: np.random.Generator) -> pd.DataFrame:
    """Return a random archive in which most labels depend on the scene."""
    scene = np.repeat(np.arange(SCENES), PER_SCENE)
    typical = rng.random((SCENES, LABELS)) < 0.2
    labels = typical[scene] ^ (rng.random((len(scene), LABELS)) < 0.05)
    images = [f"image{number:04}" for number in range(len(scene))]
    table = pd.DataFrame({"image": images, "path": [f"{image}.png" for image in images]})
    table["scene"] = [f"scene{number:02}" for number in scene]
    table["width"], table["height"], table["sha256"] = 256, 256, "0" * 64
    names = [f"label{number:02}" for number in range(LABELS)]
    return table.join(pd.DataFrame(labels.astype(int), columns=names))


def subsets(archive: pd.DataFrame) -> np.ndarray:
    """Return the subset of each image."""
    return np.where(np.arange(len(archive)) % PER_SCENE, "test", "train")


def write_models(folder: Path, archive: pd.DataFrame, rng: np.random.Generator) -> list[Path]:
    """Write the rankings of all models."""
    labels = archive.iloc[:, -LABELS:].to_numpy(np.float32)
    search = find_search(subsets(archive), "test")
    images = archive["image"].to_numpy(str)
    models = [
        (backbone, labeling, seed)
        for backbone in BACKBONES
        for labeling, seeds in {"off_the_shelf": (None,), **dict.fromkeys(LABELINGS, SEEDS)}.items()
        for seed in seeds
    ]
    paths = []
    for backbone, labeling, seed in models:
        ranked = {
            descriptor: rank(
                labels + rng.normal(0, 0.5, labels.shape).astype(np.float32),
                search.queries,
                search.database,
                DEPTH,
            )
            for descriptor in DESCRIPTORS
        }
        paths.append(folder / "rankings" / backbone / f"{labeling}-{seed}.h5")
        trained_on = None if seed is None else ARCHIVE
        facts = {"backbone": backbone, "labeling": labeling, "seed": seed, "trained_on": trained_on}
        write_rankings(paths[-1], images, search, ranked, dict.fromkeys(ranked, 4 * LABELS), facts)
    return paths


def measure() -> Iterator[Row]:
    """Time each stage once."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = random_archive(rng)
        rankings = write_models(folder, archive, rng)
        scores = [folder / "scores" / path.relative_to(folder / "rankings") for path in rankings]
        scores = [path.with_suffix(".csv") for path in scores]
        table, split, floor = (folder / f"{file}.csv" for file in ("archive", "split", "bounds"))
        write_archive(archive, table)
        archive[["image"]].assign(subset=subsets(archive)).to_csv(split, index=False)

        def score_all() -> None:
            for ranking, path in zip(rankings, scores, strict=True):
                score.main(table, ranking, CUTOFFS, path)

        tables = [*scores, floor]
        scenes = archive.set_index("image")["scene"]

        def write(name: str, tabulate: Callable[[pd.DataFrame, pd.Series], pd.DataFrame]) -> None:
            write_table(folder / f"{name}.csv", tabulate(read_all_scores(tables), scenes))

        stages = {
            "score": score_all,
            "bounds": lambda: bounds.main(table, split, None, CUTOFFS, "test", "test", floor),
            "compare": lambda: compare.main(
                ARCHIVE, table, split, tables, rankings, "test", "test", folder / "comparison.csv"
            ),
            "contrasts": lambda: write("contrasts", partial(contrasts, ARCHIVE)),
            "by_scene": lambda: write("by_scene", by_scene),
            "by_label": lambda: by_label.main(
                table, split, None, rankings, CUTOFFS, "test", "test", folder / "by_label.csv"
            ),
        }
        for stage, work in stages.items():
            _, seconds = timed(work)
            yield Row("evidence", f"{stage}, {len(rankings)} models", "here", seconds)
