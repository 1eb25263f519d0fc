"""Whether differences are the same in several archives."""

import numpy as np
from scipy.special import fdtrc

from rsir.statistics.sign_flip_test import Floats


def heterogeneity_p(means: Floats, errors: Floats, units: Floats) -> Floats:
    """Return the p value of equal means in all archives: Welch's analysis of variance.

    It is Cochran's Q, the sum of the squared deviations of the archives' means from their weighted
    mean, each divided by its variance, with Welch's correction for variances that are estimated
    from few units (Welch, 1951). With two archives it is Welch's t test.

    Parameters
    ----------
    means, errors
        (archives, columns), the mean differences and their standard errors. NaN in an archive
        without the contrast.
    units
        (archives, columns), the number of independent units, queries or clusters.

    Returns
    -------
    ndarray
        (columns,); NaN for fewer than two archives, or for one without any variation.
    """
    present = ~(np.isnan(means) | np.isnan(errors))
    count = present.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = np.where(present, 1 / errors**2, 0)
        total = weights.sum(axis=0)
        mean = np.where(present, weights * means, 0).sum(axis=0) / total
        between = np.where(present, weights * (means - mean) ** 2, 0).sum(axis=0) / (count - 1)
        lack = np.where(present, (1 - weights / total) ** 2 / (units - 1), 0).sum(axis=0)
        statistic = between / (1 + 2 * (count - 2) / (count**2 - 1) * lack)
        freedom = (count**2 - 1) / (3 * lack)
        p = fdtrc(count - 1, freedom, statistic)
    return np.where((count >= 2) & np.isfinite(total), p, np.nan)
