"""Holm's correction for several tests."""

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

Floats = NDArray[np.float64]


def holm(p: Floats) -> Floats:
    """Adjust p values (tests, families) over the tests of each family; NaN is no test."""
    adjusted = np.full_like(p, np.nan)
    for family, defined in enumerate(~np.isnan(p).T):
        if defined.any():
            adjusted[defined, family] = multipletests(p[defined, family], method="holm")[1]
    return adjusted
