"""Approximate indexes, measured on a finished run."""

import h5py
import pandas as pd

from project import Project

BACKBONES = {"run": {"backbones": ["color_histogram"], "labelings": []}}
FRONTIER = "results/sample/figures/indexes.svg"


def test_indexes_are_measured_and_scores_remain(finished: Project) -> None:
    finished.configure({"retrieval": {"indexes": ["hnsw", "binary"]}, **BACKBONES})
    target = "results/sample/indexes/color_histogram/off_the_shelf"
    outcome = finished.make(FRONTIER, "--set-threads", "index=1")
    assert outcome.status == 0, outcome.text
    assert outcome.jobs == {"index": 1, "indexes": 1, "plot_indexes": 1}
    table = pd.read_csv(finished.path("results/sample/tables/indexes.csv"))
    scores = pd.read_csv(finished.path("results/sample/scores/color_histogram/off_the_shelf.csv"))
    kept = scores[(scores["query"] == "excluded") & (scores["duplicates"] == "kept")]
    exact = table[table["index"] == "exact"].set_index("k")
    for cutoff, accuracy in kept.groupby("k")["accuracy"].mean().items():
        assert abs(exact["accuracy"][cutoff] - accuracy) < 2e-6
    assert (exact["recall"] == 1).all()
    assert (exact["bytes_per_image"] == 128 * 4).all()
    assert (table.loc[table["index"] == "hnsw", "recall"] > 0.99).all()
    assert (table.loc[table["index"] == "binary", "bytes_per_image"] == 128 / 8).all()
    assert finished.path(FRONTIER).exists()
    with h5py.File(finished.path(f"{target}.h5")) as stored:
        assert not list(stored)  # the archive is small


def test_what_cannot_be_indexed_is_refused_in_one_line(finished: Project) -> None:
    target = "results/sample/indexes/lbp/off_the_shelf.csv"
    refused = finished.run(target, "--dry-run", "--cores", "1")
    assert refused.status != 0
    assert "config: retrieval.indexes: is empty; list the indexes to compare" in refused.text
    outcome = finished.configure({"retrieval": {"indexes": ["ivf"]}}).make(target)
    assert outcome.errors == [
        "retrieval.indexes: ivf needs at least 78 images, and the database has 42; remove ivf or "
        "search more images"
    ]
