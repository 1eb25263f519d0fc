"""Intervals and tests against SciPy and plain loops, and by how often they are right."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from rsir.statistics.bootstrap import clustered_interval, mean_interval, seed_deviation
from rsir.statistics.sign_flip_test import sign_flip_p


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
    error = np.array([of_seed.std(ddof=1) / np.sqrt(seeds), of_query.std() / np.sqrt(queries)])
    assert half[:2] == pytest.approx(error, rel=0.05)
    # The same queries are drawn for all seeds, so their share is not divided by the seeds.
    assert half[2] == pytest.approx(np.hypot(*error), rel=0.05)


def test_several_seeds_agree_with_a_plain_loop(rng: np.random.Generator) -> None:
    scores = rng.random((3, 25, 2)) ** 2
    means = [
        scores[rng.integers(0, 3, 2)][:, rng.integers(0, 25, 25)].mean(axis=(0, 1))
        for _ in range(20_000)
    ]
    mean, low, high = mean_interval(scores, resamples=20_000)
    assert mean == pytest.approx(scores.mean(axis=(0, 1)))
    assert (low, high) == pytest.approx(np.quantile(means, [0.025, 0.975], axis=0), abs=0.008)


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


def with_effects(
    rng: np.random.Generator, seeds: int, queries: int, repetitions: int
) -> np.ndarray:
    """Scores whose true mean is 0.6, as large and as varied as those of a fine-tuned network."""
    of_query = rng.normal(0, 0.18, (1, queries, repetitions))
    of_seed = rng.normal(0, 0.005, (seeds, 1, repetitions))
    return 0.6 + of_query + of_seed + rng.normal(0, 0.03, (seeds, queries, repetitions))


@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_95_percent_hold_the_true_mean_when_seeds_and_queries_vary(
    rng: np.random.Generator, seeds: int
) -> None:
    scores = with_effects(rng, seeds, queries=100, repetitions=1000)
    _, low, high = mean_interval(scores, resamples=999)
    assert 0.93 <= ((low <= 0.6) & (high >= 0.6)).mean() <= 0.97


def test_the_deviation_over_seeds_is_that_of_their_means() -> None:
    of_seeds = np.array([[0.1, 0.3], [0.4, 0.4], [0.5, 0.7]])
    # Means 0.2, 0.4 and 0.6: deviations of -0.2, 0 and 0.2 about 0.4, and 0.08 / 2 is 0.04.
    other = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    found = seed_deviation(np.stack([of_seeds, other], axis=2))
    assert found == pytest.approx([0.2, 0])


def test_a_single_seed_has_no_deviation(rng: np.random.Generator) -> None:
    assert np.isnan(seed_deviation(rng.random((1, 4, 3)))).tolist() == [True] * 3


def test_the_deviation_leaves_out_a_query_that_is_nan_for_any_seed() -> None:
    nan = np.nan
    some = np.array([[0.1, 0.3, 0.9], [0.4, 0.4, nan]])  # means of the first two: 0.2 and 0.4
    none = np.full_like(some, nan)
    found = seed_deviation(np.stack([some, none], axis=2))
    assert found[0] == pytest.approx(np.sqrt(0.02))
    assert np.isnan(found[1])


def test_whole_clusters_vary_as_the_means_of_clusters(rng: np.random.Generator) -> None:
    clusters, size = 20, 6
    of_cluster = rng.normal(size=clusters)
    within = rng.normal(size=(clusters, size))
    within -= within.mean(axis=1, keepdims=True)  # leaves the means of the clusters alone
    names = np.repeat([f"scene {number}" for number in range(clusters)], size)
    scores = np.stack([np.repeat(of_cluster, size), within.ravel()], axis=1)
    scores = np.column_stack([scores, scores.sum(axis=1)])
    low, high = clustered_interval(scores, names, resamples=20_000)
    error = of_cluster.std(ddof=1) / np.sqrt(clusters)
    assert (high - low)[[0, 2]] / 2 / 1.96 == pytest.approx([error, error], rel=0.05)
    assert (high - low)[1] == pytest.approx(0)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_clusters_of_all_sizes_agree_with_a_plain_loop(
    rng: np.random.Generator, confidence: float
) -> None:
    parts = [rng.random((size, 2)) + rng.normal(0, 0.3) for size in (1, 2, 3, 5, 8, 13)]
    names = np.repeat(list("abcdef"), [len(part) for part in parts])
    means = [
        np.concatenate([parts[one] for one in rng.integers(0, 6, 5)]).mean(axis=0)
        for _ in range(20_000)
    ]
    limits = clustered_interval(np.concatenate(parts), names, confidence, resamples=20_000)
    expected = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    assert np.array(limits) == pytest.approx(expected, abs=0.02)


def test_clusters_leave_out_queries_that_are_nan(rng: np.random.Generator) -> None:
    names = np.repeat(list("abcdefgh"), 5)
    scores = rng.random((40, 3)) + np.repeat(rng.normal(size=8), 5)[:, None]
    scores[[0, 1, 7, 20], 1] = np.nan
    scores[:, 2] = np.nan
    found = np.array(clustered_interval(scores, names, resamples=2000))
    assert np.isnan(found[:, 2]).all()
    for column in (0, 1):
        kept = ~np.isnan(scores[:, column])
        alone = clustered_interval(scores[kept][:, [column]], names[kept], resamples=2000)
        assert found[:, column] == pytest.approx(np.ravel(alone), rel=1e-12)


def test_a_cluster_without_any_query_is_like_none(rng: np.random.Generator) -> None:
    names = np.repeat([f"{number:02}" for number in range(30)], 4)
    scores = rng.random((120, 1)) + np.repeat(rng.normal(size=30), 4)[:, None]
    scores[:4] = np.nan
    found = np.array(clustered_interval(scores, names, resamples=20_000))
    without = np.array(clustered_interval(scores[4:], names[4:], resamples=20_000))
    assert found == pytest.approx(without, abs=0.05 * np.ptp(without))
    # Of three, two are drawn: the empty one twice is no mean, and with another it is the other's.
    scores = np.array([[0.25], [0.75], [1.0], [np.nan]])
    found = np.array(clustered_interval(scores, np.array(["a", "a", "b", "c"])))
    assert found.ravel().tolist() == [0.5, 1]


def test_fewer_than_two_clusters_have_no_interval(rng: np.random.Generator) -> None:
    scores = rng.random((6, 2))
    assert np.isnan(clustered_interval(scores, np.full(6, "port"))).all()
    assert np.isnan(clustered_interval(scores, np.full(6, ""))).all()
    assert np.isfinite(clustered_interval(scores, np.array(["port"] * 5 + ["farm"]))).all()


def test_a_column_with_queries_of_one_cluster_has_no_interval(rng: np.random.Generator) -> None:
    scores = rng.random((9, 2))
    scores[3:, 1] = np.nan
    limits = np.array(clustered_interval(scores, np.repeat(list("abc"), 3)))
    assert np.isfinite(limits[:, 0]).all()
    assert np.isnan(limits[:, 1]).all()


def test_clusters_that_move_together_widen_the_interval(rng: np.random.Generator) -> None:
    names = np.repeat(list("abcdefghijkl"), 20)
    together = np.repeat(rng.normal(0, 0.2, 12), 20)[:, None] + rng.normal(0, 0.1, (240, 1))
    apart = rng.permutation(together)
    widths = []
    for scores in (together, apart):
        _, low, high = mean_interval(scores[None])
        scene_low, scene_high = clustered_interval(scores, names)
        widths.append(((scene_high - scene_low) / (high - low)).item())
    assert widths[0] > 2
    assert widths[1] == pytest.approx(1, abs=0.4)


def test_neither_names_of_clusters_nor_the_order_of_queries_matter(
    rng: np.random.Generator,
) -> None:
    names = rng.permutation(np.repeat(list("abcdef"), 7))
    scores = rng.random((42, 2)) + (names[:, None] == "b")
    limits = np.array(clustered_interval(scores, names))
    order = rng.permutation(42)
    assert np.array(clustered_interval(scores[order], names[order])) == pytest.approx(limits)
    longer = np.char.add("scene ", names)
    assert (np.array(clustered_interval(scores, longer)) == limits).all()
    other = np.array([dict(zip("abcdef", "fcbade", strict=True))[name] for name in names])
    renamed = np.array(clustered_interval(scores, other, seed=1))
    assert renamed == pytest.approx(limits, abs=0.05)


def test_95_percent_hold_the_true_mean_when_scenes_vary(rng: np.random.Generator) -> None:
    scenes, size, repetitions = 21, 20, 600
    of_scene = np.repeat(rng.normal(0, 0.1, (scenes, repetitions)), size, axis=0)
    scores = 0.6 + of_scene + rng.normal(0, 0.18, (scenes * size, repetitions))
    names = np.repeat(np.arange(scenes).astype(str), size)
    low, high = clustered_interval(scores, names, resamples=999)
    assert 0.92 <= ((low <= 0.6) & (high >= 0.6)).mean() <= 0.97
    # Taken for independent, the queries promise too much.
    _, low, high = mean_interval(scores[None], resamples=499)
    assert ((low <= 0.6) & (high >= 0.6)).mean() < 0.75


def share_of_all_flips(differences: np.ndarray) -> float:
    """Return the share of all sign flips whose mean is as far from zero as that of none."""
    means = [np.dot(signs, differences) for signs in product([-1, 1], repeat=len(differences))]
    return float((np.abs(means) >= abs(differences.sum()) - 1e-12).mean())


def test_p_is_the_share_of_all_sign_flips(rng: np.random.Generator) -> None:
    columns = [
        [0.5, 0.25, -0.1, 0.3, 0.2, 0.05],
        [1, 1, 1, 1, 1, 1],  # 2 of 64
        [1, 1, 1, 1, 1, -1],  # 14 of 64
        [0, 0, 0, 1, 1, 1],  # 2 of 8
        [0.1, 0.2, -0.3, 0, 0, 0],  # all: its mean is zero
        rng.normal(0.1, 0.3, 6),
    ]
    exact = np.array([share_of_all_flips(np.array(column)) for column in columns])
    assert exact[1:5] == pytest.approx([2 / 64, 14 / 64, 2 / 8, 1])
    flips = 40_000
    found = sign_flip_p(np.transpose(columns), flips)
    error = np.sqrt(exact * (1 - exact) / flips) + 1 / flips
    assert (np.abs(found - exact) <= 4 * error).all()


def test_p_agrees_with_scipy(rng: np.random.Generator) -> None:
    flips = 20_000
    columns = rng.normal([0, 0.05, 0.1, 0.15], 0.4, (70, 4))
    columns[:, 3] = rng.integers(-1, 3, 70)
    found = sign_flip_p(columns, flips)
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
    # Twice one tail has twice the Monte Carlo error of a share, and ours has its own.
    error = np.sqrt(3 * expected * (1 - expected) / flips) + 1 / flips
    assert (np.abs(found - expected) <= 4 * error).all()


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


def test_queries_without_any_difference_have_p_one() -> None:
    differences = np.zeros((12, 3))
    differences[3, 1] = 0.2  # a single query is as far from zero with either sign
    differences[:2, 2] = 0.1, -0.1
    assert sign_flip_p(differences).tolist() == [1, 1, 1]


def test_p_does_not_depend_on_which_is_the_first(rng: np.random.Generator) -> None:
    differences = rng.normal(0.1, 0.3, (50, 5))
    assert (sign_flip_p(-differences, 999) == sign_flip_p(differences, 999)).all()


def test_p_does_not_depend_on_the_unit(rng: np.random.Generator) -> None:
    # Tenths, of which many flips have a mean that is equal but for rounding.
    tenths = rng.integers(-2, 4, (30, 4))
    whole = sign_flip_p(tenths.astype(float), 1999)
    assert (sign_flip_p(tenths / 10, 1999) == whole).all()
    assert (sign_flip_p(tenths * 1e6 / 3, 1999) == whole).all()


def test_p_leaves_out_queries_that_are_nan(rng: np.random.Generator) -> None:
    flips = 20_000
    differences = rng.normal(0.1, 0.4, (40, 3))
    differences[::3, 1] = np.nan
    differences[:, 2] = np.nan
    found = sign_flip_p(differences, flips)
    assert np.isnan(found).tolist() == [False, False, True]
    assert found[0] == sign_flip_p(differences[:, :1], flips).item()
    kept = ~np.isnan(differences[:, 1])
    alone = sign_flip_p(differences[kept][:, [1]], flips).item()
    assert found[1] == pytest.approx(alone, abs=4 * np.sqrt(2 * alone * (1 - alone) / flips))


def test_p_is_never_zero() -> None:
    # That random flips find the observed signs again has a chance of 2 in 2⁶⁰.
    assert sign_flip_p(np.ones((60, 1)), resamples=199).item() == 1 / 200


def test_the_seed_decides_p(rng: np.random.Generator) -> None:
    differences = rng.normal(0.05, 0.3, (50, 8))
    first, again, other = (sign_flip_p(differences, 999, seed) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_flips_in_parts_give_the_same_p(rng: np.random.Generator) -> None:
    # So many queries that the flips do not fit one block; by the central limit theorem, the mean of
    # flips is normal.
    queries, flips = 5000, 4000
    differences = rng.normal([0, 0.015, 0.04], 1, (queries, 3))
    found = sign_flip_p(differences, flips)
    z = differences.sum(axis=0) / np.sqrt((differences**2).sum(axis=0))
    expected = 2 * stats.norm.sf(np.abs(z))
    error = np.sqrt(expected * (1 - expected) / flips) + 1 / flips
    assert (np.abs(found - expected) <= 4 * error).all()
    assert found[2] >= 1 / (flips + 1)
