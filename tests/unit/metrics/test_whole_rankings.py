"""Metrics of whole rankings against hand-computed values, scikit-learn and ir-measures."""

import ir_measures
import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from rsir.metrics.whole_rankings import (
    ndcg_of_list,
    trapezoidal_average_precision,
    whole_average_precision,
)

FIRST = np.array([[1, 0, 1, 0]], bool)


def test_values_worked_out_by_hand():
    # Hits at ranks 1 and 3, with precisions 1 and 2/3; before them, precision was 1 and 1/2.
    assert whole_average_precision(FIRST) == pytest.approx([(1 + 2 / 3) / 2])
    assert trapezoidal_average_precision(FIRST) == pytest.approx([(1 + (1 / 2 + 2 / 3) / 2) / 2])
    # A hit at the second rank alone: 1/2, and the mean of 0 and 1/2.
    second = np.array([[0, 1, 0, 0]], bool)
    assert whole_average_precision(second) == pytest.approx([1 / 2])
    assert trapezoidal_average_precision(second) == pytest.approx([1 / 4])


def test_a_query_without_relevant_images_has_no_score():
    nothing = np.zeros((1, 4), bool)
    for metric in (whole_average_precision, trapezoidal_average_precision):
        assert np.isnan(metric(nothing)).all()


def test_ndcg_of_a_list_forgives_what_the_list_misses():
    # 1, 0, 2 shared labels: gains 1, 0, 3 at discounts 1, 1/log2(3), 1/2; best order 3, 1, 0.
    expected = (1 + 3 / 2) / (3 + 1 / np.log2(3) + 1e-6)
    assert ndcg_of_list(np.array([[1, 0, 2]])) == pytest.approx([expected])
    assert ndcg_of_list(np.array([[1, 1, 1]])) == pytest.approx([1], abs=1e-6)
    assert ndcg_of_list(np.array([[0, 0, 0]])) == pytest.approx([0])


def test_average_precision_agrees_with_scikit_learn_and_ir_measures():
    rng = np.random.default_rng(0)
    relevant = rng.random((20, 40)) < 0.2
    relevant[:, 7] = True
    scores = -np.arange(40)
    measured = whole_average_precision(relevant)
    of_sklearn = [average_precision_score(row, scores) for row in relevant]
    assert measured == pytest.approx(of_sklearn)
    names = [f"i{place:02}" for place in range(40)]
    qrels = {
        str(query): dict(zip(names, map(int, row), strict=True))
        for query, row in enumerate(relevant)
    }
    run = {query: dict(zip(names, map(float, scores), strict=True)) for query in qrels}
    of_ir = {one.query_id: one.value for one in ir_measures.AP.iter_calc(qrels, run)}
    assert measured == pytest.approx([of_ir[query] for query in qrels])
