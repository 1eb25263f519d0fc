"""The paired sign-flip permutation test, of queries or of whole clusters of queries."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BLOCK_ELEMENTS = 2**22
_ROUNDING = 1e-12
_ENUMERATED = 13
"""Clusters up to which all 2^13 sign flips are enumerated."""


def sign_flip_p(differences: Floats, resamples: int = 9999, seed: int = 0) -> Floats:
    """Return the two-sided p value of the paired sign-flip permutation test of each column.

    Under the null hypothesis the sign of each query's difference is random. The p value is the
    share of random sign flips whose mean is at least as far from zero as the observed mean. The
    observed mean counts as one of the flips, so p is never zero (Phipson and Smyth, 2010).

    Parameters
    ----------
    differences
        (queries, columns). NaN is omitted.
    resamples
        Number of random flips, the same for all columns.
    seed
        Seed of the flips.

    Returns
    -------
    ndarray
        (columns,); NaN for a column that is all NaN.
    """
    rng = np.random.default_rng(seed)
    values = np.nan_to_num(differences)
    rounding = _ROUNDING * np.abs(values).sum(axis=0)
    observed = np.abs(values.sum(axis=0)) - rounding
    extreme = np.ones(values.shape[1])
    step = max(1, _BLOCK_ELEMENTS // len(values))
    for start in range(0, resamples, step):
        flips = rng.choice([-1.0, 1.0], (min(step, resamples - start), len(values)))
        extreme += (np.abs(flips @ values) >= observed).sum(axis=0)
    return np.where(np.isnan(differences).all(axis=0), np.nan, extreme / (resamples + 1))


def clustered_sign_flip_p(
    differences: Floats, clusters: NDArray[np.str_], resamples: int = 9999, seed: int = 0
) -> Floats:
    """Return the two-sided p value of a sign-flip test that flips whole clusters of queries.

    Under the null hypothesis the sign of all differences of a cluster is random, while queries of a
    cluster may depend on each other. With at most 13 clusters all sign flips are enumerated, and
    the p value is exact; with C clusters it is at least 2^(1 − C). With more clusters the flips are
    drawn as in `sign_flip_p`.

    Parameters
    ----------
    differences
        (queries, columns). NaN is omitted.
    clusters
        (queries,) the cluster of each query.
    resamples, seed
        As for `sign_flip_p`.

    Returns
    -------
    ndarray
        (columns,); NaN for a column whose queries belong to fewer than two clusters.
    """
    sums, counts = cluster_sums(differences, clusters)
    defined = (counts > 0).sum(axis=0) >= 2
    p = np.full(differences.shape[1], np.nan)
    if len(sums) > _ENUMERATED:
        p[defined] = sign_flip_p(sums[:, defined], resamples, seed)
    elif defined.any():
        flips = np.array([(1.0, *signs) for signs in product((-1.0, 1.0), repeat=len(sums) - 1)])
        observed = np.abs(sums.sum(axis=0)) - _ROUNDING * np.abs(sums).sum(axis=0)
        p[defined] = (np.abs(flips @ sums) >= observed).mean(axis=0)[defined]
    return p


def cluster_sums(values: Floats, clusters: NDArray[np.str_]) -> tuple[Floats, Floats]:
    """Return the sum of each column (clusters, columns), without NaN, and the numbers of values."""
    names, cluster = np.unique(clusters, return_inverse=True)
    member = np.eye(len(names))[:, cluster]
    return member @ np.nan_to_num(values), member @ (~np.isnan(values)).astype(np.float64)
