"""Standard errors of a difference by query, cluster or seed, and what they can detect."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr

from rsir.statistics.sign_flip_test import Floats, cluster_sums


def query_error(differences: Floats) -> Floats:
    """Return the standard error (columns,) of the mean of differences (queries, columns).

    NaN is omitted. Columns with fewer than two values have NaN.
    """
    present = ~np.isnan(differences)
    number = present.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(present, differences, 0).sum(axis=0) / number
        squares = np.where(present, differences - mean, 0) ** 2
        error: Floats = np.sqrt(squares.sum(axis=0) / (number - 1) / number)
    return np.where(number >= 2, error, np.nan)


def clustered_error(differences: Floats, clusters: NDArray[np.str_]) -> Floats:
    """Return the standard error of a mean of which clusters, not queries, are independent.

    The linearised variance of a ratio, the sum over clusters by the number of queries (Cochran,
    1977, section 6.4), which equals the variance of the mean where each cluster is one query.

    Parameters
    ----------
    differences
        (queries, columns). NaN is omitted.
    clusters
        (queries,) the cluster of each query.

    Returns
    -------
    ndarray
        (columns,); NaN for a column whose queries belong to fewer than two clusters.
    """
    sums, counts = cluster_sums(differences, clusters)
    number, total = (counts > 0).sum(axis=0), counts.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        residuals = sums - counts * (sums.sum(axis=0) / total)
        error = np.sqrt(number / (number - 1) * (residuals**2).sum(axis=0)) / total
    return np.where(number >= 2, error, np.nan)


def welch_test(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Return standard error and two-sided p value of the difference of means over seeds.

    Welch's t test (1947) with unequal variances. Against a single value, which has no seeds, it is
    the one-sample t test.

    Parameters
    ----------
    first, second
        (seeds, columns), means over queries; the numbers of seeds may differ.

    Returns
    -------
    tuple
        Standard error and p value, each (columns,); NaN if neither has several seeds. The p value
        is also NaN where the seeds do not differ.
    """
    difference = first.mean(axis=0) - second.mean(axis=0)
    variances = np.zeros((2, len(difference)))
    degrees = np.array([[len(first) - 1], [len(second) - 1]])
    if not degrees.any():
        return np.full_like(difference, np.nan), np.full_like(difference, np.nan)
    for side, values in enumerate((first, second)):
        if len(values) > 1:
            variances[side] = values.var(axis=0, ddof=1) / len(values)
    variance = variances.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = variance**2 / (variances**2 / np.maximum(degrees, 1)).sum(axis=0)
        p = 2 * stdtr(freedom, -np.abs(difference) / np.sqrt(variance))
    return np.sqrt(variance), p


def detectable_difference(
    error: Floats, contrasts: int, level: float = 0.05, power: float = 0.8
) -> Floats:
    """Return the true difference that a test finds with this power, for a standard error.

    (z of 1 − α / 2m + z of the power) times the standard error, with m contrasts: the first step of
    Holm's correction, in the normal approximation.
    """
    factor: float = ndtri(1 - level / (2 * contrasts)) + ndtri(power)
    return factor * error
