"""Bootstrap confidence intervals of means over queries, seeds and clusters.

The intervals agree with `scipy.stats.bootstrap`, which handles one column at a time. Here a matrix
product of the draw counts of the queries and the scores resamples all columns at once.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

_BLOCK_ELEMENTS = 2**22
_ROUNDING = 1e-12


def mean_interval(
    scores: Floats, confidence: float = 0.95, resamples: int = 9999, seed: int = 0
) -> tuple[Floats, Floats, Floats]:
    """Return the mean over seeds and queries of each column, with its confidence interval.

    With one seed, this is the BCa bootstrap interval over queries. With several seeds, it is the
    percentile interval of a two-level bootstrap: seeds and queries are drawn with replacement, and
    the drawn queries are the same for all drawn seeds, since every seed answers the same queries.
    Of S seeds S − 1 are drawn, which corrects the variance between few seeds (Rao and Wu, 1988).
    Columns with the same queries share their resamples.

    Parameters
    ----------
    scores
        (seeds, queries, columns). A query with NaN for any seed is omitted from that column.
    confidence
        Confidence level: the share of intervals that contain the true mean.
    resamples
        Number of bootstrap resamples.
    seed
        Seed of the resampling.

    Returns
    -------
    tuple
        The means, the lower and the upper limits, each (columns,). The limits of a constant column
        equal its mean; a column without valid queries is NaN.
    """
    mean, low, high = np.full((3, scores.shape[2]), np.nan)
    present = ~np.isnan(scores).any(axis=0)
    patterns, pattern_of_column = np.unique(present, axis=1, return_inverse=True)
    for pattern, queries in enumerate(patterns.T):
        if queries.any():
            columns = pattern_of_column.reshape(-1) == pattern
            valid = scores[:, queries][:, :, columns]
            mean[columns], low[columns], high[columns] = _interval(
                valid, confidence, resamples, seed
            )
    return mean, low, high


def seed_deviation(scores: Floats) -> Floats:
    """Return the standard deviation over seeds of the means over queries; NaN for one seed.

    `scores` is (seeds, queries, columns) and the result (columns,). The variance is the sample
    variance, with divisor S − 1. Queries are omitted as in `mean_interval`.
    """
    seeds, _, columns = scores.shape
    if seeds == 1:
        return np.full(columns, np.nan)
    present = ~np.isnan(scores).any(axis=0)
    with np.errstate(invalid="ignore"):
        means = np.where(present, scores, 0).sum(axis=1) / present.sum(axis=0)
    deviation: Floats = means.std(axis=0, ddof=1)
    return deviation


def clustered_interval(
    scores: Floats,
    clusters: NDArray[np.str_],
    confidence: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Return the percentile interval of the mean of each column by a cluster bootstrap.

    Queries of one scene class are not independent; this interval resamples whole classes instead of
    queries (Davison and Hinkley, 1997, section 3.8). Of C clusters C − 1 are drawn, like the seeds
    in `mean_interval`.

    Parameters
    ----------
    scores
        (queries, columns). NaN is omitted.
    clusters
        (queries,) the cluster of each query.
    confidence, resamples, seed
        As for `mean_interval`.

    Returns
    -------
    tuple
        The lower and the upper limits, each (columns,); NaN for a column whose queries belong to
        fewer than two clusters.
    """
    low, high = np.full((2, scores.shape[1]), np.nan)
    names, cluster = np.unique(clusters, return_inverse=True)
    member = np.eye(len(names))[:, cluster]
    sums = member @ np.nan_to_num(scores)
    counts = member @ (~np.isnan(scores)).astype(np.float64)
    defined = (counts > 0).sum(axis=0) >= 2
    if not defined.any():
        return low, high
    draws = _draws(len(names), len(names) - 1, resamples, np.random.default_rng(seed))
    with np.errstate(invalid="ignore"):  # a resample may hold clusters without queries only
        means = (draws @ sums[:, defined]) / (draws @ counts[:, defined])
    tails = np.array([1 - confidence, 1 + confidence]) / 2
    low[defined], high[defined] = np.nanquantile(means, tails, axis=0)
    return low, high


def _interval(
    scores: Floats, confidence: float, resamples: int, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Return the mean and limits (M,) of scores (S, Q, M) without NaN."""
    varies = np.ptp(scores, axis=(0, 1)) > 0
    mean = np.where(varies, scores.mean(axis=(0, 1)), scores[0, 0])
    low, high = mean.copy(), mean.copy()
    varying = scores[:, :, varies]
    resampled = _resampled_means(varying, resamples, np.random.default_rng(seed))
    tails = np.array([[1 - confidence], [1 + confidence]]) / 2
    if len(scores) == 1:
        shares = _bca_shares(varying[0], resampled, tails)
    else:
        shares = np.broadcast_to(tails, (2, varying.shape[2]))
    limits = [
        np.quantile(means, column_shares)
        for means, column_shares in zip(resampled.T, shares.T, strict=True)
    ]
    low[varies], high[varies] = np.reshape(limits, (-1, 2)).T
    return mean, low, high


def _resampled_means(scores: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Return the means (R, M) of R resamples of scores (S, Q, M)."""
    seeds, queries, columns = scores.shape
    drawn_seeds = max(1, seeds - 1)
    sums = np.zeros((resamples, columns))
    step = max(1, _BLOCK_ELEMENTS // queries)
    for start in range(0, resamples, step):
        block = sums[start : start + step]
        query_draws = _draws(queries, queries, len(block), rng)
        seed_draws = _draws(seeds, drawn_seeds, len(block), rng)
        for seed_scores, draws in zip(scores, seed_draws.T, strict=True):
            block += draws[:, None] * (query_draws @ seed_scores)
    sums /= drawn_seeds * queries
    return sums


def _draws(items: int, size: int, resamples: int, rng: np.random.Generator) -> Floats:
    """Return how often each item is drawn (R, items), in R resamples of `size` draws."""
    cell = rng.integers(0, items, (resamples, size)) + items * np.arange(resamples)[:, None]
    counts = np.bincount(cell.ravel(), minlength=resamples * items)
    return counts.reshape(resamples, items).astype(np.float64)


def _bca_shares(scores: Floats, resampled: Floats, tails: Floats) -> Floats:
    """Return the shares (2, M) of the resampled means (R, M) below each BCa limit.

    Efron and Tibshirani (1993), chapter 14. Resampled means that equal the mean of scores (Q, M) up
    to rounding count half, so that the shares do not depend on the order of summation.
    """
    mean = scores.mean(axis=0)
    rounding = _ROUNDING * np.abs(scores).max(axis=0)
    below = (resampled < mean - rounding).mean(axis=0)
    not_above = (resampled <= mean + rounding).mean(axis=0)
    bias = ndtri((below + not_above) / 2)
    deviation = scores - mean
    acceleration = (deviation**3).sum(axis=0) / (6 * (deviation**2).sum(axis=0) ** 1.5)
    z = bias + ndtri(tails)
    shares: Floats = ndtr(bias + z / (1 - acceleration * z))
    return shares
