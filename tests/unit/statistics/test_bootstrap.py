"""Bootstrap intervals against SciPy, plain loops and their coverage."""

import numpy as np
import pytest
from scipy import stats

from rsir.statistics.bootstrap import clustered_interval, mean_interval, seed_deviation


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
        # The draws are the same, but in scipy rounding decides which of the equal means are below.
        limits = (low[column], high[column])
        assert limits == pytest.approx(tuple(expected), rel=1e-9 if column < 2 else 0.02)


def test_several_seeds_include_the_variance_of_seeds_and_queries(rng: np.random.Generator) -> None:
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
    # The same queries are drawn for all seeds, so more seeds do not reduce their variance.
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


def test_95_percent_of_the_intervals_contain_the_true_mean(rng: np.random.Generator) -> None:
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
    expected = mean_interval(scores[:, :, [1]])
    assert [limit.tolist() for limit in expected] == [[0.1], [0.1], [0.1]]


@pytest.mark.parametrize("seeds", [1, 3])
def test_nan_queries_are_omitted_from_their_column(rng: np.random.Generator, seeds: int) -> None:
    scores = rng.random((seeds, 40, 4))
    scores[:, 30:, 1] = np.nan
    scores[0, 5, 2] = np.nan
    scores[:, :, 3] = np.nan
    limits = np.array(mean_interval(scores, resamples=500))
    assert np.isnan(limits[:, 3]).all()
    others = np.delete(np.arange(40), 5)
    for column, queries in ((0, np.arange(40)), (1, np.arange(30)), (2, others)):
        expected = mean_interval(scores[:, queries][:, :, [column]], resamples=500)
        assert limits[:, column] == pytest.approx(np.ravel(expected), rel=1e-12)


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_interval_depends_on_the_random_seed(rng: np.random.Generator, seeds: int) -> None:
    scores = rng.random((seeds, 50, 2))
    first, again, other = (
        np.array(mean_interval(scores, resamples=500, seed=seed)) for seed in (0, 0, 1)
    )
    assert (first == again).all()
    assert (first[0] == other[0]).all()
    assert (first[1:] != other[1:]).all()


def test_resampling_in_blocks_agrees_with_scipy(rng: np.random.Generator) -> None:
    # With this many queries, the resamples need several blocks.
    values = rng.random(5000)
    _, low, high = mean_interval(values[None, :, None], resamples=1000, seed=2)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=1000, method="BCa", rng=np.random.default_rng(2)
    ).confidence_interval
    assert (low.item(), high.item()) == pytest.approx(tuple(expected), rel=1e-9)


def scores_with_effects(
    rng: np.random.Generator, seeds: int, queries: int, repetitions: int
) -> np.ndarray:
    """Return scores with true mean 0.6 and the variances of a fine-tuned network."""
    of_query = rng.normal(0, 0.18, (1, queries, repetitions))
    of_seed = rng.normal(0, 0.005, (seeds, 1, repetitions))
    return 0.6 + of_query + of_seed + rng.normal(0, 0.03, (seeds, queries, repetitions))


@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_95_percent_contain_the_true_mean_if_seeds_and_queries_vary(
    rng: np.random.Generator, seeds: int
) -> None:
    scores = scores_with_effects(rng, seeds, queries=100, repetitions=1000)
    _, low, high = mean_interval(scores, resamples=999)
    assert 0.93 <= ((low <= 0.6) & (high >= 0.6)).mean() <= 0.97


def test_the_deviation_over_seeds_is_that_of_their_means() -> None:
    of_seeds = np.array([[0.1, 0.3], [0.4, 0.4], [0.5, 0.7]])
    # Means 0.2, 0.4 and 0.6: deviations of -0.2, 0 and 0.2 about 0.4, and 0.08 / 2 is 0.04.
    other = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    deviation = seed_deviation(np.stack([of_seeds, other], axis=2))
    assert deviation == pytest.approx([0.2, 0])


def test_a_single_seed_has_no_deviation(rng: np.random.Generator) -> None:
    assert np.isnan(seed_deviation(rng.random((1, 4, 3)))).tolist() == [True] * 3


def test_the_deviation_omits_a_query_that_is_nan_for_any_seed() -> None:
    nan = np.nan
    some = np.array([[0.1, 0.3, 0.9], [0.4, 0.4, nan]])  # means of the first two: 0.2 and 0.4
    none = np.full_like(some, nan)
    deviation = seed_deviation(np.stack([some, none], axis=2))
    assert deviation[0] == pytest.approx(np.sqrt(0.02))
    assert np.isnan(deviation[1])


def test_the_clustered_interval_reflects_the_variance_of_cluster_means(
    rng: np.random.Generator,
) -> None:
    clusters, size = 20, 6
    of_cluster = rng.normal(size=clusters)
    within = rng.normal(size=(clusters, size))
    within -= within.mean(axis=1, keepdims=True)  # keeps the cluster means
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


def test_clustered_intervals_omit_nan_queries(rng: np.random.Generator) -> None:
    names = np.repeat(list("abcdefgh"), 5)
    scores = rng.random((40, 3)) + np.repeat(rng.normal(size=8), 5)[:, None]
    scores[[0, 1, 7, 20], 1] = np.nan
    scores[:, 2] = np.nan
    limits = np.array(clustered_interval(scores, names, resamples=2000))
    assert np.isnan(limits[:, 2]).all()
    for column in (0, 1):
        kept = ~np.isnan(scores[:, column])
        expected = clustered_interval(scores[kept][:, [column]], names[kept], resamples=2000)
        assert limits[:, column] == pytest.approx(np.ravel(expected), rel=1e-12)


def test_a_cluster_without_queries_is_ignored(rng: np.random.Generator) -> None:
    names = np.repeat([f"{number:02}" for number in range(30)], 4)
    scores = rng.random((120, 1)) + np.repeat(rng.normal(size=30), 4)[:, None]
    scores[:4] = np.nan
    limits = np.array(clustered_interval(scores, names, resamples=20_000))
    expected = np.array(clustered_interval(scores[4:], names[4:], resamples=20_000))
    assert limits == pytest.approx(expected, abs=0.05 * np.ptp(expected))
    # Two of three clusters are drawn: the empty one twice has no mean, and otherwise no effect.
    scores = np.array([[0.25], [0.75], [1.0], [np.nan]])
    limits = np.array(clustered_interval(scores, np.array(["a", "a", "b", "c"])))
    assert limits.ravel().tolist() == [0.5, 1]


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


def test_correlated_clusters_widen_the_interval(rng: np.random.Generator) -> None:
    names = np.repeat(list("abcdefghijkl"), 20)
    correlated = np.repeat(rng.normal(0, 0.2, 12), 20)[:, None] + rng.normal(0, 0.1, (240, 1))
    shuffled = rng.permutation(correlated)
    widths = []
    for scores in (correlated, shuffled):
        _, low, high = mean_interval(scores[None])
        scene_low, scene_high = clustered_interval(scores, names)
        widths.append(((scene_high - scene_low) / (high - low)).item())
    assert widths[0] > 2
    assert widths[1] == pytest.approx(1, abs=0.4)


def test_neither_cluster_names_nor_the_order_of_queries_matter(
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


def test_95_percent_contain_the_true_mean_if_scenes_vary(rng: np.random.Generator) -> None:
    scenes, size, repetitions = 21, 20, 600
    of_scene = np.repeat(rng.normal(0, 0.1, (scenes, repetitions)), size, axis=0)
    scores = 0.6 + of_scene + rng.normal(0, 0.18, (scenes * size, repetitions))
    names = np.repeat(np.arange(scenes).astype(str), size)
    low, high = clustered_interval(scores, names, resamples=999)
    assert 0.92 <= ((low <= 0.6) & (high >= 0.6)).mean() <= 0.97
    # An interval that treats the queries as independent is too narrow.
    _, low, high = mean_interval(scores[None], resamples=499)
    assert ((low <= 0.6) & (high >= 0.6)).mean() < 0.75
