"""Metrics of pairs of images against hand-computed values and scikit-learn."""

from typing import Any

import numpy as np
import pytest
from metric_cases import (
    random_problem,
    score,
)
from sklearn import metrics as sklearn_metrics

from rsir.metrics.scoring import score_rankings


def test_a_query_without_labels_matches_only_images_without_labels() -> None:
    scores = score([5, 2], "", -1, cutoff=2)
    for metric in ("accuracy", "precision", "recall", "f1"):
        assert scores[metric] == 0.5, metric
    assert scores["hamming_loss"] == pytest.approx((0 + 1 / 4) / 2)
    for metric in ("acg", "ndcg", "wap", "map"):
        assert scores[metric] == 0, metric
    assert scores["map_jaccard"] == 1


def test_a_retrieved_image_without_labels_scores_0() -> None:
    scores = score([5], "ab", 0, cutoff=1)
    for metric in ("accuracy", "precision", "recall", "f1"):
        assert scores[metric] == 0, metric
    assert scores["hamming_loss"] == 2 / 4


@pytest.mark.parametrize("density", [0.1, 0.5])
def test_pair_metrics_agree_with_scikit_learn(density: float) -> None:
    database, ranked, own_rows = random_problem(1, density=density)
    queries = own_rows[:, 0]
    cutoff = 7
    scores = score_rankings(ranked, database[queries], database, None, None, own_rows, cutoff)
    both_empty = 0
    for query in queries:
        retrieved = database[ranked[query, :cutoff]]
        query_labels = np.tile(database[query], (cutoff, 1))
        empty = ~(retrieved | query_labels).any(axis=1)
        both_empty += empty.sum()
        options: dict[str, Any] = {"average": "samples", "zero_division": 0}
        for metric, oracle in (
            ("accuracy", sklearn_metrics.jaccard_score),
            ("precision", sklearn_metrics.precision_score),
            ("recall", sklearn_metrics.recall_score),
            ("f1", sklearn_metrics.f1_score),
        ):
            # scikit-learn uses one value for every 0/0; here two empty sets score 1.
            expected = oracle(query_labels, retrieved, **options) + empty.mean()
            assert scores[metric][query] == pytest.approx(expected), metric
        expected = sklearn_metrics.hamming_loss(query_labels, retrieved)
        assert scores["hamming_loss"][query] == pytest.approx(expected)
    assert (both_empty > 0) == (density == 0.1)
