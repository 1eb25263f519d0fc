"""Label transfer against values worked out by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from rsir.metrics.label_transfer import (
    average_precisions,
    label_shares,
    macro_map,
    micro_map,
    sample_f1,
)

LABELS = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0], [1, 0, 0]], bool)


def test_the_score_of_a_label_is_its_share_of_the_nearest_images():
    shares = label_shares(np.array([[0, 1], [3, 2], [1, -1], [-1, -1]]), LABELS)
    np.testing.assert_array_equal(shares[:3], [[1, 0.5, 0.5], [0.5, 0.5, 0], [1, 1, 0]])
    assert np.isnan(shares[3]).all()


def test_values_by_hand():
    labels = np.array([[1, 0], [0, 1], [1, 1]], bool)
    scores = np.array([[1.0, 0.5], [0.5, 0.5], [0.5, 0.0]])
    # First label: one hit at once, then one of two with equal scores, of three in all: 1, 2/3.
    # Second label: one of two with equal scores, then the last: 1/2, 2/3.
    first, second = (1 + 2 / 3) / 2, (1 / 2 + 2 / 3) / 2
    np.testing.assert_allclose(average_precisions(scores, labels), [first, second])
    assert macro_map(scores, labels) == pytest.approx((first + second) / 2)
    # All pairs: 1 of 1; then 2 of the 4 with the score 0.5, 3 of 5 in all; then 4 of 6.
    assert micro_map(scores, labels) == pytest.approx((1 + 2 * 3 / 5 + 4 / 6) / 4)
    # Predicted: {a, b}, {a, b}, {a}; of {a}, {b}, {a, b}: 2/3 each.
    assert sample_f1(scores, labels) == pytest.approx(2 / 3)


def test_a_label_of_no_query_is_left_out():
    labels, scores = np.array([[1, 0], [0, 0]], bool), np.array([[0.5, 1.0], [1.0, 0.0]])
    assert macro_map(scores, labels) == 0.5
    assert np.isnan(macro_map(scores, np.zeros((2, 2), bool)))
    assert sample_f1(np.zeros((1, 2)), np.zeros((1, 2), bool)) == 1


@pytest.mark.parametrize("neighbours", [1, 4, 7])
def test_scikit_learn_agrees(neighbours):
    rng = np.random.default_rng(neighbours)
    labels = rng.random((50, 6)) < 0.3
    labels[0] = True  # each label has a query
    scores = rng.integers(0, neighbours + 1, labels.shape) / neighbours
    for average, function in (("macro", macro_map), ("micro", micro_map)):
        expected = metrics.average_precision_score(labels, scores, average=average)
        assert function(scores, labels) == pytest.approx(expected)
    expected = metrics.f1_score(labels, scores >= 0.5, average="samples", zero_division=1)
    assert sample_f1(scores, labels) == pytest.approx(expected)
