"""Strata, heterogeneity and letters: exact values, SciPy and statsmodels as oracles."""

from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.oneway import anova_generic

from rsir.statistics.heterogeneity import heterogeneity_p
from rsir.statistics.letters import letter_display
from rsir.statistics.stratified_flips import stratified_sign_flip_p


def test_flips_are_within_archives_and_the_mean_counts_each_archive_once(
    rng: np.random.Generator,
) -> None:
    scores = [rng.normal(0.2, 1, (units, 2, 3)) for units in (4, 7)]
    scores[0][:, 0] += 0.5
    shares = [block / len(block) for block in scores]
    p = stratified_sign_flip_p(shares, np.array([[0, 1]]), 40_000)
    flips = [np.array(list(product([-1, 1], repeat=units))) for units in (4, 7)]
    means = [flip @ (share[:, 0] - share[:, 1]) for flip, share in zip(flips, shares, strict=True)]
    together = (means[0][:, None] + means[1][None]).reshape(-1, 3) / 2
    for number, values in enumerate([*means, together]):
        observed = np.abs(values[-1])  # the last flip changes no sign
        exact = (np.abs(values) >= observed - 1e-12).mean(axis=0)
        error = np.sqrt(exact * (1 - exact) / 40_000) + 1 / 40_000
        assert (np.abs(p[number, 0] - exact) <= 4 * error).all()


def test_an_archive_that_lacks_a_method_is_not_counted(rng: np.random.Generator) -> None:
    shares = [rng.normal(0.1, 1, (9, 3, 1)) / 9 for _ in range(2)]
    shares[1][:, 2] = np.nan
    p = stratified_sign_flip_p(shares, np.array([[0, 1], [0, 2]]), 999)
    assert np.isnan(p[1, 1, 0])
    assert p[2, 1, 0] == p[0, 1, 0]
    assert not np.isnan(p[:, 0]).any()


def test_heterogeneity_is_welchs_analysis_of_variance(rng: np.random.Generator) -> None:
    groups = [rng.normal(mean, spread, size) for mean, spread, size in
              ((0, 1, 12), (0.4, 2, 30), (0.3, 0.5, 9))]  # fmt: skip
    means, variances, sizes = np.array([(g.mean(), g.var(ddof=1), len(g)) for g in groups]).T
    expected = anova_generic(means, variances, sizes, use_var="unequal", welch_correction=True)
    errors = np.sqrt(variances / sizes)
    p = heterogeneity_p(means[:, None], errors[:, None], sizes[:, None])
    assert p[0] == pytest.approx(expected.pvalue)
    two = heterogeneity_p(means[:2, None], errors[:2, None], sizes[:2, None])
    assert two[0] == pytest.approx(stats.ttest_ind(*groups[:2], equal_var=False).pvalue)
    means[2] = np.nan
    assert heterogeneity_p(means[:, None], errors[:, None], sizes[:, None]) == pytest.approx(two)
    assert np.isnan(heterogeneity_p(means[:1, None], errors[:1, None], sizes[:1, None]))[0]


def test_methods_share_a_letter_exactly_if_they_do_not_differ(rng: np.random.Generator) -> None:
    # The example of Piepho (2004): only the first and the last differ.
    differs = np.zeros((3, 3), bool)
    differs[0, 2] = differs[2, 0] = True
    assert letter_display(differs) == ["a", "ab", "b"]
    assert letter_display(np.zeros((2, 2), bool)) == ["a", "a"]
    assert letter_display(~np.eye(3, dtype=bool)) == ["a", "b", "c"]
    for _ in range(50):
        upper = np.triu(rng.random((7, 7)) < 0.5, 1)
        differs = upper | upper.T
        letters = letter_display(differs)
        for first, second in product(range(7), repeat=2):
            if first != second:
                shared = set(letters[first]) & set(letters[second])
                assert bool(shared) == (not differs[first, second])
