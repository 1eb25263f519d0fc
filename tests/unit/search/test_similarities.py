"""Similarities: values by hand, and rankings that agree with them."""

import numpy as np
import pytest

from rsir.search.exact import CPU
from rsir.search.similarities import SIMILARITIES, rank_by_soft_jaccard, soft_jaccard


def test_soft_jaccard_by_hand():
    others = np.array([[1, 0, 1], [0.5, 0.5, 0], [0, 0, 0]])
    indices = soft_jaccard(np.array([1, 0.5, 0]), others)
    np.testing.assert_allclose(indices, [1 / 2.5, 1 / 1.5, 0])
    np.testing.assert_allclose(soft_jaccard(np.zeros(3), others), [0, 0, 1])


def test_soft_jaccard_of_label_sets_is_their_jaccard_index():
    sets = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [1, 1, 0, 0]], float)
    np.testing.assert_allclose(soft_jaccard(sets[0], sets), [1, 1 / 4, 1])


@pytest.mark.parametrize("name", SIMILARITIES)
def test_rankings_are_in_the_order_of_the_similarity(name):
    values = np.random.default_rng(0).random((40, 6)).astype(np.float32)
    values[7] = values[20]  # a tie, in database order
    queries, database = np.arange(10), np.arange(5, 40)
    ranked, similarity = SIMILARITIES[name].rank(values, queries, database, 35, CPU)
    for query, positions, indices in zip(queries, ranked, similarity, strict=True):
        expected = SIMILARITIES[name].of_pair(
            values[query].astype(float), values[database].astype(float)
        )
        np.testing.assert_array_equal(
            positions, np.argsort(-expected.astype(np.float32), kind="stable")
        )
        np.testing.assert_allclose(indices, expected[positions], rtol=1e-6)


def test_blocks_of_queries_change_nothing(monkeypatch):
    values = np.random.default_rng(0).random((20, 4)).astype(np.float32)
    rows = np.arange(20)
    whole = rank_by_soft_jaccard(values, rows, rows, 5)
    monkeypatch.setattr("rsir.search.similarities.COMPARED", 60)
    for once, in_blocks in zip(whole, rank_by_soft_jaccard(values, rows, rows, 5), strict=True):
        np.testing.assert_array_equal(once, in_blocks)
