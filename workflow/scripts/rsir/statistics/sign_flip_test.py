"""The paired sign-flip permutation test."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BLOCK_ELEMENTS = 2**22
_ROUNDING = 1e-12


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
