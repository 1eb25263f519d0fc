"""Metrics of ranked lists against hand-computed values, scikit-learn and ir-measures."""

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from metric_cases import (
    label_matrices,
    random_problem,
    score,
)
from sklearn import metrics as sklearn_metrics

from rsir.metrics.label_pairs import label_overlap
from rsir.metrics.ranked_lists import anmrr_windows, nmrr
from rsir.metrics.scoring import score_rankings


def test_average_precision_divides_by_the_number_relevant_if_below_the_cutoff() -> None:
    scores = score([2, 3, 1, 4, 6, 5], "ab", 0, cutoff=5)
    assert scores["map"] == pytest.approx((1 + 2 / 3 + 3 / 4 + 4 / 5) / 4)
    # bcd shares a label, but one of four.
    assert scores["map_jaccard"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_weighted_average_precision_skips_ranks_without_shared_labels() -> None:
    # Overlaps 0, 2, 1: ACG is 1 at rank 2 and 1 at rank 3.
    assert score([3, 1, 2], "ab", 0, cutoff=3)["wap"] == pytest.approx(1)
    # Overlaps 2, 0, 0, 1: ACG is 2 at rank 1 and 3/4 at rank 4.
    assert score([1, 3, 5, 2], "ab", 0, cutoff=4)["wap"] == pytest.approx((2 + 3 / 4) / 2)


def test_anmrr_is_0_for_the_perfect_and_1_for_the_worst_ranking() -> None:
    number_relevant = np.array([2, 3, 1])
    window = anmrr_windows(number_relevant)
    assert window.tolist() == [6, 6, 4]
    perfect = np.arange(12) < number_relevant[:, None]
    assert nmrr(perfect, number_relevant, window) == pytest.approx(0)
    worst = perfect[:, ::-1]
    assert nmrr(worst, number_relevant, window) == pytest.approx(1)


@pytest.mark.parametrize(("cutoff", "others"), [(1, 0), (10, 0), (59, 0), (10, 4), (55, 4)])
def test_ndcg_agrees_with_scikit_learn(cutoff: int, others: int) -> None:
    database, ranked, excluded = random_problem(2, others=others)
    queries = len(excluded)
    scores = score_rankings(ranked, database[:queries], database, None, None, excluded, cutoff)
    gains = 2.0 ** label_overlap(database[:queries], database) - 1
    for query, row in enumerate(ranked):
        in_rank_order = gains[query, row[row >= 0]][None]
        assert in_rank_order.shape[1] == 60 - (excluded[query] >= 0).sum()
        ranks = np.arange(in_rank_order.shape[1], dtype=float)[None]
        expected = sklearn_metrics.ndcg_score(in_rank_order, -ranks, k=cutoff)
        assert scores["ndcg"][query] == pytest.approx(expected)


@pytest.mark.parametrize(("cutoff", "others"), [(5, 0), (59, 0), (5, 4), (55, 4)])
@pytest.mark.parametrize("metric", ["map", "map_jaccard"])
def test_average_precision_agrees_with_ir_measures(metric: str, cutoff: int, others: int) -> None:
    database, ranked, excluded = random_problem(3, density=0.15, others=others)
    queries = np.arange(len(excluded))
    scores = score_rankings(ranked, database[queries], database, None, None, excluded, cutoff)
    shared = label_overlap(database[queries], database)
    union = (database[queries, None] | database[None]).sum(axis=2)
    relevant = shared > 0 if metric == "map" else (shared >= 0.5 * union)
    for query, rows in enumerate(excluded):
        relevant[query, rows[rows >= 0]] = False
    qrels = [
        ir_measures.Qrel(str(query), str(row), int(relevant[query, row]))
        for query in queries
        for row in range(len(database))
    ]
    run = [
        ir_measures.ScoredDoc(str(query), str(row), -rank)
        for query in queries
        for rank, row in enumerate(ranked[query])
        if row >= 0
    ]
    number_relevant = relevant.sum(axis=1)
    assert number_relevant.min() < 5 < number_relevant.max()
    for result in ir_measures.iter_calc([ir_measures.AP @ cutoff], qrels, run):
        query = int(result.query_id)
        # trec_eval divides by the number of relevant images, independent of the cutoff.
        scale = number_relevant[query] / max(1, min(cutoff, number_relevant[query]))
        assert scores[metric][query] == pytest.approx(result.value * scale)


@settings(deadline=None)
@given(labels=label_matrices)
def test_ranking_by_overlap_has_ndcg_and_map_1(labels: np.ndarray) -> None:
    overlap = label_overlap(labels, labels)
    own_rows = np.arange(len(labels))
    overlap[own_rows, own_rows] = -1
    ranked = np.argsort(-overlap, axis=1, kind="stable")[:, :-1]
    some = overlap.max(axis=1) > 0
    for cutoff in (1, len(labels) - 1):
        scores = score_rankings(ranked, labels, labels, None, None, own_rows[:, None], cutoff)
        for metric in ("ndcg", "map"):
            np.testing.assert_allclose(scores[metric], some, rtol=1e-12, err_msg=metric)
