"""The measures of approximate indexes, by hand."""

import numpy as np
import pandas as pd
import pytest

from rsir.evaluation.index_quality import index_rows, mean_accuracy, recall_of_neighbours
from rsir.reports.figures.indexes import frontier
from rsir.search.protocol import Search


def test_recall_counts_the_neighbours_that_are_found_in_any_order():
    reference = np.array([[1, 2], [3, 4]])
    assert recall_of_neighbours(np.array([[2, 1], [4, -1]]), reference) == 0.75


def test_accuracy_of_what_is_not_retrieved_is_zero():
    labels = np.array([[1, 1], [1, 0], [0, 1]], dtype=bool)
    assert mean_accuracy(np.array([[0, 1], [2, -1]]), labels[:2], labels) == (1 + 0.5) / 4


def test_exact_search_and_a_graph_of_few_images_agree():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 16)).astype(np.float32)
    labels = rng.random((40, 5)) < 0.5
    search = Search(np.arange(10), np.arange(40))
    rows = pd.DataFrame(index_rows(vectors, search, (labels[:10], labels), ["hnsw"], [3, 5]))
    assert rows["index"].tolist() == ["exact"] * 2 + ["hnsw"] * 6
    assert rows["k"].tolist() == [3, 5] * 4
    assert (rows["recall"] == 1).all()
    assert rows.groupby("k")["accuracy"].nunique().tolist() == [1, 1]
    assert rows["bytes_per_image"].iloc[0] == 4 * 16


@pytest.mark.parametrize(("smaller", "expected"), [(True, [0, 2]), (False, [2, 3])])
def test_the_frontier_is_what_nothing_surpasses(smaller, expected):
    rows = pd.DataFrame({"accuracy": [0.5, 0.4, 0.9, 0.7], "cost": [1, 2, 3, 4]})
    assert frontier(rows, "cost", smaller).index.tolist() == expected
