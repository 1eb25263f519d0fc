"""The sign-flip test against SciPy, exact p values and its false positive rate."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from rsir.statistics.sign_flip_test import sign_flip_p


def share_of_all_flips(differences: np.ndarray) -> float:
    """Return the share of all sign flips whose mean is as far from zero as the observed mean."""
    means = [np.dot(signs, differences) for signs in product([-1, 1], repeat=len(differences))]
    return float((np.abs(means) >= abs(differences.sum()) - 1e-12).mean())


def test_p_is_the_share_of_all_sign_flips(rng: np.random.Generator) -> None:
    columns = [
        [0.5, 0.25, -0.1, 0.3, 0.2, 0.05],
        [1, 1, 1, 1, 1, 1],  # 2 of 64
        [1, 1, 1, 1, 1, -1],  # 14 of 64
        [0, 0, 0, 1, 1, 1],  # 2 of 8
        [0.1, 0.2, -0.3, 0, 0, 0],  # all, since the mean is zero
        rng.normal(0.1, 0.3, 6),
    ]
    exact = np.array([share_of_all_flips(np.array(column)) for column in columns])
    assert exact[1:5] == pytest.approx([2 / 64, 14 / 64, 2 / 8, 1])
    flips = 40_000
    p = sign_flip_p(np.transpose(columns), flips)
    error = np.sqrt(exact * (1 - exact) / flips) + 1 / flips
    assert (np.abs(p - exact) <= 4 * error).all()


def test_p_agrees_with_scipy(rng: np.random.Generator) -> None:
    flips = 20_000
    columns = rng.normal([0, 0.05, 0.1, 0.15], 0.4, (70, 4))
    columns[:, 3] = rng.integers(-1, 3, 70)
    p = sign_flip_p(columns, flips)
    expected = stats.permutation_test(
        (columns,),
        lambda values, axis: np.mean(values, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=flips,
        batch=1000,
        axis=0,
        rng=np.random.default_rng(5),
    ).pvalue
    # SciPy doubles one tail, hence its Monte Carlo error; both p values have an error.
    error = np.sqrt(3 * expected * (1 - expected) / flips) + 1 / flips
    assert (np.abs(p - expected) <= 4 * error).all()


def test_5_percent_of_tests_without_a_difference_reject(rng: np.random.Generator) -> None:
    # Columns are independent repetitions: two skewed scores of the same distribution.
    repetitions = 2000
    differences = rng.random((60, repetitions)) ** 3 - rng.random((60, repetitions)) ** 3
    flips = 4999
    p = sign_flip_p(differences, flips)
    for level in (0.01, 0.05, 0.2):
        error = np.sqrt(level * (1 - level) * (1 / repetitions + 1 / flips))
        assert (p <= level).mean() == pytest.approx(level, abs=3 * error)


def test_ties_between_queries_do_not_make_the_test_reject_more(rng: np.random.Generator) -> None:
    differences = rng.choice([-0.5, 0, 0, 0, 0.5], (40, 2000))
    p = sign_flip_p(differences, resamples=1999)
    assert (p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


def test_p_is_one_without_differences() -> None:
    differences = np.zeros((12, 3))
    differences[3, 1] = 0.2  # a single query is equally far from zero with either sign
    differences[:2, 2] = 0.1, -0.1
    assert sign_flip_p(differences).tolist() == [1, 1, 1]


def test_p_does_not_depend_on_the_order_of_the_methods(rng: np.random.Generator) -> None:
    differences = rng.normal(0.1, 0.3, (50, 5))
    assert (sign_flip_p(-differences, 999) == sign_flip_p(differences, 999)).all()


def test_p_does_not_depend_on_the_unit(rng: np.random.Generator) -> None:
    # Many flips of tenths have means that are equal up to rounding.
    tenths = rng.integers(-2, 4, (30, 4))
    whole = sign_flip_p(tenths.astype(float), 1999)
    assert (sign_flip_p(tenths / 10, 1999) == whole).all()
    assert (sign_flip_p(tenths * 1e6 / 3, 1999) == whole).all()


def test_p_omits_nan_queries(rng: np.random.Generator) -> None:
    flips = 20_000
    differences = rng.normal(0.1, 0.4, (40, 3))
    differences[::3, 1] = np.nan
    differences[:, 2] = np.nan
    p = sign_flip_p(differences, flips)
    assert np.isnan(p).tolist() == [False, False, True]
    assert p[0] == sign_flip_p(differences[:, :1], flips).item()
    kept = ~np.isnan(differences[:, 1])
    expected = sign_flip_p(differences[kept][:, [1]], flips).item()
    assert p[1] == pytest.approx(expected, abs=4 * np.sqrt(2 * expected * (1 - expected) / flips))


def test_p_is_never_zero() -> None:
    # Random flips reproduce the observed signs with a probability of 2 in 2⁶⁰.
    assert sign_flip_p(np.ones((60, 1)), resamples=199).item() == 1 / 200


def test_p_depends_on_the_random_seed(rng: np.random.Generator) -> None:
    differences = rng.normal(0.05, 0.3, (50, 8))
    first, again, other = (sign_flip_p(differences, 999, seed) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_flips_in_blocks_agree_with_the_normal_approximation(rng: np.random.Generator) -> None:
    # With this many queries, the flips need several blocks, and their mean is approximately normal
    # by the central limit theorem.
    queries, flips = 5000, 4000
    differences = rng.normal([0, 0.015, 0.04], 1, (queries, 3))
    p = sign_flip_p(differences, flips)
    z = differences.sum(axis=0) / np.sqrt((differences**2).sum(axis=0))
    expected = 2 * stats.norm.sf(np.abs(z))
    error = np.sqrt(expected * (1 - expected) / flips) + 1 / flips
    assert (np.abs(p - expected) <= 4 * error).all()
    assert p[2] >= 1 / (flips + 1)
