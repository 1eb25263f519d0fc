"""The intervals against SciPy's bootstrap, and by how often they hold the true mean."""

import numpy as np
import pytest
from scipy import stats

from rsir.statistics import mean_interval


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_one_seed_agrees_with_scipy_bca(rng: np.random.Generator, confidence: float) -> None:
    scores = np.stack(
        [
            rng.random(60),
            rng.exponential(size=60) ** 2,
            rng.random(60) < 0.2,
            rng.integers(0, 8, 60),
        ],
        axis=1,
    ).astype(float)
    mean, low, high = mean_interval(scores[None], confidence, resamples=2000, seed=7)
    for column, values in enumerate(scores.T):
        expected = stats.bootstrap(
            (values,),
            np.mean,
            n_resamples=2000,
            confidence_level=confidence,
            method="BCa",
            rng=np.random.default_rng(7),
        ).confidence_interval
        assert mean[column] == pytest.approx(values.mean())
        # Draws are the same; scipy lets rounding decide which of the equal means are below.
        limits = (low[column], high[column])
        assert limits == pytest.approx(tuple(expected), rel=1e-9 if column < 2 else 0.02)


def test_several_seeds_vary_with_both_seeds_and_queries(rng: np.random.Generator) -> None:
    seeds, queries = 8, 200
    of_seed, of_query = rng.normal(size=(seeds, 1)), rng.normal(size=(1, queries))
    scores = np.stack(
        [
            np.broadcast_to(of_seed, (seeds, queries)),
            np.broadcast_to(of_query, (seeds, queries)),
            of_seed + of_query,
        ],
        axis=2,
    )
    _, low, high = mean_interval(scores, resamples=20_000)
    # Half a 95 % percentile interval is 1.96 standard errors of the resampled mean.
    half = (high - low) / 2 / 1.96
    error = np.array([of_seed.std() / np.sqrt(seeds), of_query.std() / np.sqrt(queries)])
    assert half[:2] == pytest.approx(error, rel=0.05)
    # The same queries are drawn for all seeds, so their share is not divided by the seeds.
    assert half[2] == pytest.approx(np.hypot(*error), rel=0.05)


def test_several_seeds_agree_with_a_plain_loop(rng: np.random.Generator) -> None:
    scores = rng.random((3, 25, 2)) ** 2
    means = [
        scores[rng.integers(0, 3, 3)][:, rng.integers(0, 25, 25)].mean(axis=(0, 1))
        for _ in range(20_000)
    ]
    mean, low, high = mean_interval(scores, resamples=20_000)
    assert mean == pytest.approx(scores.mean(axis=(0, 1)))
    assert (low, high) == pytest.approx(np.quantile(means, [0.025, 0.975], axis=0), abs=0.005)


def test_95_percent_of_the_intervals_hold_the_true_mean(rng: np.random.Generator) -> None:
    # Columns are independent repetitions; the true mean of this skewed score is 1/3.
    scores = rng.random((1, 60, 1500)) ** 2
    _, low, high = mean_interval(scores, resamples=1000)
    too_low, too_high = (high < 1 / 3).mean(), (low > 1 / 3).mean()
    assert 1 - too_low - too_high == pytest.approx(0.95, abs=0.015)
    assert too_low == pytest.approx(0.025, abs=0.012)
    assert too_high == pytest.approx(0.025, abs=0.012)


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_interval_of_a_constant_column_is_its_value(
    rng: np.random.Generator, seeds: int
) -> None:
    scores = rng.random((seeds, 30, 3))
    scores[:, :, 1] = 0.1
    mean, low, high = mean_interval(scores)
    assert low[1] == mean[1] == high[1] == 0.1
    assert (low[[0, 2]] < mean[[0, 2]]).all()
    assert (mean[[0, 2]] < high[[0, 2]]).all()
    alone = mean_interval(scores[:, :, [1]])
    assert [limit.tolist() for limit in alone] == [[0.1], [0.1], [0.1]]


@pytest.mark.parametrize("seeds", [1, 3])
def test_nan_queries_are_left_out_of_their_column(rng: np.random.Generator, seeds: int) -> None:
    scores = rng.random((seeds, 40, 4))
    scores[:, 30:, 1] = np.nan
    scores[0, 5, 2] = np.nan
    scores[:, :, 3] = np.nan
    found = np.array(mean_interval(scores, resamples=500))
    assert np.isnan(found[:, 3]).all()
    others = np.delete(np.arange(40), 5)
    for column, queries in ((0, np.arange(40)), (1, np.arange(30)), (2, others)):
        alone = mean_interval(scores[:, queries][:, :, [column]], resamples=500)
        assert found[:, column] == pytest.approx(np.ravel(alone), rel=1e-12)


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_seed_decides_the_interval(rng: np.random.Generator, seeds: int) -> None:
    scores = rng.random((seeds, 50, 2))
    first, again, other = (
        np.array(mean_interval(scores, resamples=500, seed=seed)) for seed in (0, 0, 1)
    )
    assert (first == again).all()
    assert (first[0] == other[0]).all()
    assert (first[1:] != other[1:]).all()


def test_resampling_in_parts_agrees_with_scipy(rng: np.random.Generator) -> None:
    # So many queries that the resamples do not fit one block.
    values = rng.random(5000)
    _, low, high = mean_interval(values[None, :, None], resamples=1000, seed=2)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=1000, method="BCa", rng=np.random.default_rng(2)
    ).confidence_interval
    assert (low.item(), high.item()) == pytest.approx(tuple(expected), rel=1e-9)
