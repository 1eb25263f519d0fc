"""Clusters and seeds as the unit: exact values, SciPy, error rates."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from rsir.statistics.sign_flip_test import clustered_sign_flip_p, sign_flip_p
from rsir.statistics.standard_errors import (
    clustered_error,
    detectable_difference,
    query_error,
    welch_test,
)


def test_all_flips_of_few_clusters_are_enumerated(rng: np.random.Generator) -> None:
    clusters = np.array(list("aabbbcddee"))
    differences = rng.normal(0.3, 1, (10, 5))
    sums = np.array([differences[clusters == name].sum(axis=0) for name in "abcde"])
    flips = np.array(list(product([-1, 1], repeat=5)))
    expected = (np.abs(flips @ sums) >= np.abs(sums.sum(axis=0)) - 1e-12).mean(axis=0)
    assert clustered_sign_flip_p(differences, clusters) == pytest.approx(expected, abs=1e-12)
    # Five clusters that agree have the least p value there is, 2 of 32 flips.
    assert clustered_sign_flip_p(np.abs(differences), clusters) == pytest.approx(2 / 32)


def test_clusters_of_one_query_are_queries_and_many_are_drawn(rng: np.random.Generator) -> None:
    differences = rng.normal(0.2, 1, (30, 3))
    own = np.arange(30).astype(str)
    order = np.argsort(own)
    assert clustered_sign_flip_p(differences, own) == pytest.approx(sign_flip_p(differences[order]))
    assert clustered_error(differences, own) == pytest.approx(stats.sem(differences))


def test_missing_values_and_a_single_cluster_have_no_test(rng: np.random.Generator) -> None:
    differences = rng.normal(0, 1, (6, 2))
    differences[:3, 0] = np.nan
    clusters = np.array(list("aaabbb"))
    p = clustered_sign_flip_p(differences, clusters)
    assert np.isnan(p).tolist() == [True, False]
    assert np.isnan(clustered_error(differences, clusters)).tolist() == [True, False]
    assert query_error(differences)[0] == pytest.approx(stats.sem(differences[3:, 0]))
    assert np.isnan(clustered_sign_flip_p(differences, np.full(6, "a"))).all()


def test_the_error_of_clusters_of_one_size_is_that_of_their_means(
    rng: np.random.Generator,
) -> None:
    values = rng.normal(0, 1, (7, 9, 2)) + rng.normal(0, 1, (7, 1, 2))
    clusters = np.repeat(np.arange(7), 9).astype(str)
    error = clustered_error(values.reshape(63, 2), clusters)
    assert error == pytest.approx(stats.sem(values.mean(axis=1)))


def test_seeds_are_tested_as_by_scipy(rng: np.random.Generator) -> None:
    first, second = rng.normal(0.1, 1, (5, 4)), rng.normal(0, 2, (3, 4))
    error, p = welch_test(first, second)
    assert p == pytest.approx(stats.ttest_ind(first, second, equal_var=False).pvalue)
    assert error == pytest.approx(np.hypot(stats.sem(first), stats.sem(second)))
    _, p = welch_test(first, second[:1])
    assert p == pytest.approx(stats.ttest_1samp(first, second[0]).pvalue)
    _, p = welch_test(second[:1], first)
    assert p == pytest.approx(stats.ttest_1samp(first, second[0]).pvalue)
    assert np.isnan(welch_test(first[:1], second[:1])).all()
    assert np.isnan(welch_test(np.ones((3, 1)), np.ones((1, 1)))[1]).all()


def test_a_detectable_difference_is_detected_in_four_of_five_trials(
    rng: np.random.Generator,
) -> None:
    error = 1 / np.sqrt(400)
    assert detectable_difference(np.array([error]), 1)[0] == pytest.approx(2.8016 * error, rel=1e-4)
    planted = detectable_difference(np.array([error]), 20)[0]
    trials = rng.normal(planted, 1, (400, 2000))
    found = 2 * stats.norm.sf(np.abs(trials.mean(axis=0)) / error) <= 0.05 / 20
    assert found.mean() == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / 2000))


def test_queries_that_move_together_are_judged_by_their_clusters(rng: np.random.Generator) -> None:
    clusters = np.repeat(np.arange(20), 10)
    trials = rng.normal(0, 0.5, (200, 1000)) + rng.normal(0, 1, (20, 1000))[clusters]
    error = np.sqrt(0.05 * 0.95 / 1000)
    assert (sign_flip_p(trials, 999) <= 0.05).mean() > 0.3
    p = clustered_sign_flip_p(trials, clusters.astype(str), 999)
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=4 * error)
