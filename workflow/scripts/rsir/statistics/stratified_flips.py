"""Sign-flip tests of differences in one archive and over several, with archives as strata.

The flipped mean of a difference is the difference of the flipped means of both methods, so each
method is flipped once, whatever the number of pairs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rsir.statistics.sign_flip_test import Floats

Pairs = NDArray[np.int_]

_BLOCK_ELEMENTS = 2**22
_ROUNDING = 1e-12


def stratified_sign_flip_p(
    shares: Sequence[Floats], pairs: Pairs, resamples: int, seed: int = 0
) -> Floats:
    """Return the p values of pairs of methods in each archive, and of their mean over archives.

    Parameters
    ----------
    shares
        For each archive (units, methods, metrics): what a query or a cluster of queries contributes
        to the mean of a method, so that the sum over units is that mean. NaN for all units of a
        method that an archive lacks.
    pairs
        (P, 2) the methods that are compared.
    resamples
        Number of random flips of all units, in each archive by itself.
    seed
        Seed of the flips.

    Returns
    -------
    ndarray
        (archives + 1, P, metrics) two-sided p values, those of the mean over the archives that have
        both methods last; NaN where no archive has both. The observed differences count as one of
        the flips (Phipson and Smyth, 2010).
    """
    methods, metrics = shares[0].shape[1:]
    columns = [np.nan_to_num(share).reshape(len(share), -1) for share in shares]
    present = np.array([~np.isnan(share).any(axis=0) for share in shares])
    both = present[:, pairs[:, 0]] & present[:, pairs[:, 1]]
    archives = np.maximum(both.sum(axis=0), 1)
    differences = np.stack([_of_pairs(share.sum(axis=0), pairs, metrics) for share in columns])
    observed = _with_mean(differences, both, archives)
    rounding = _ROUNDING * sum(np.abs(share).sum(axis=0).max(initial=0) for share in columns)
    bound = np.abs(observed) - rounding
    extreme = np.ones(observed.shape)
    rngs = [np.random.default_rng([seed, number]) for number in range(len(shares))]
    largest = max(*(len(share) for share in columns), methods * metrics, pairs.size * metrics)
    step = max(1, _BLOCK_ELEMENTS // largest)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        flipped = [
            _flips(rng, size, len(share)) @ share for rng, share in zip(rngs, columns, strict=True)
        ]
        total = np.zeros_like(observed, shape=(size, *observed.shape[1:]))
        for number, means in enumerate(flipped):
            values = _of_pairs(means, pairs, metrics)
            extreme[number] += (np.abs(values) >= bound[number]).sum(axis=0)
            np.add(total, values, out=total, where=both[number])
        extreme[-1] += (np.abs(total / archives) >= bound[-1]).sum(axis=0)
    p = extreme / (resamples + 1)
    defined = np.concatenate([both, both.any(axis=0)[None]])
    return np.where(defined, p, np.nan)


def _flips(rng: np.random.Generator, size: int, units: int) -> Floats:
    signs = rng.integers(0, 2, (size, units), dtype=np.int8).astype(np.float64)
    signs *= 2
    signs -= 1
    return signs


def _of_pairs(means: Floats, pairs: Pairs, metrics: int) -> Floats:
    """Return the differences (…, P, metrics) of means (…, methods × metrics)."""
    by_method = means.reshape(*means.shape[:-1], -1, metrics)
    differences: Floats = by_method[..., pairs[:, 0], :] - by_method[..., pairs[:, 1], :]
    return differences


def _with_mean(differences: Floats, both: NDArray[np.bool_], archives: NDArray[np.int_]) -> Floats:
    mean = np.where(both, differences, 0).sum(axis=0) / archives
    return np.concatenate([differences, mean[None]])
