"""Counts of images by the labels that they share with queries, against every pair."""

import numpy as np
import pytest

from rsir.metrics import arrays
from rsir.metrics.label_counts import LabelCounts


@pytest.mark.parametrize("block_elements", [1, 2**22])
def test_counts_are_those_of_every_pair(
    monkeypatch: pytest.MonkeyPatch, block_elements: int
) -> None:
    monkeypatch.setattr(arrays, "_BLOCK_ELEMENTS", block_elements)
    rng = np.random.default_rng(0)
    queries, database = rng.random((60, 5)) < 0.4, rng.random((200, 5)) < 0.4
    chosen = rng.permutation(60)[:20]
    counts = LabelCounts.of(queries, database).select(chosen)
    shared = (queries[chosen][:, None] & database).sum(axis=2)
    either = (queries[chosen][:, None] | database).sum(axis=2)
    by_overlap, similar = counts.of_queries(slice(None))
    np.testing.assert_array_equal(
        by_overlap, (shared[:, :, None] == np.arange(by_overlap.shape[1])).sum(axis=1)
    )
    np.testing.assert_array_equal(similar, (2 * shared >= either).sum(axis=1))


def test_queries_with_the_same_labels_are_counted_once() -> None:
    labels = np.eye(3, dtype=bool)[[0, 1, 0, 0, 2]]
    assert len(LabelCounts.of(labels, labels).similar) == 3
