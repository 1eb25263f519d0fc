"""Metrics of lists as other authors define them, most of them of the ranking of a whole database.

Arrays of ranked lists have a row per query and a column per rank.
"""

import numpy as np

from rsir.metrics.arrays import Bools, Floats, Ints, ratio

OML_EPSILON = 1e-6
"""What Imbriaco et al. add to the denominator of nDCG."""


def whole_average_precision(relevant: Bools) -> Floats:
    """Return the mean of the precisions at the relevant ranks of a whole ranking.

    `relevant` is (Q, D), for all images that a query may retrieve. A query without relevant images
    scores NaN, and is left out of means.
    """
    return ratio(_at_hits(_precision(relevant), relevant), relevant.sum(axis=1), undefined=np.nan)


def trapezoidal_average_precision(relevant: Bools) -> Floats:
    """Return the area below the curve of precision by recall, by trapezoids.

    Each relevant rank counts the mean of the precisions before and after it, the one before the
    first rank being 1, as in the code of Radenović et al. (cnnimageretrieval-pytorch). `relevant`
    and the result are those of `whole_average_precision`.
    """
    ranks = np.arange(relevant.shape[1])
    hits_before: Ints = np.cumsum(relevant, axis=1) - relevant
    before = ratio(hits_before, np.broadcast_to(ranks, relevant.shape), undefined=1)
    both = (before + _precision(relevant)) / 2
    return ratio(_at_hits(both, relevant), relevant.sum(axis=1), undefined=np.nan)


def ndcg_of_list(overlap: Ints) -> Floats:
    """Return the DCG of lists over that of the same lists in the order of the overlap.

    What the list misses does not count, so that even a random list scores high. `overlap` is
    (Q, k), the number of shared labels at each rank; gain and discount are those of
    `rsir.metrics.ranked_lists.ndcg`.
    """
    discount = 1 / np.log2(np.arange(2, overlap.shape[1] + 2))
    gain = np.exp2(overlap) - 1
    best: Floats = -np.sort(-gain, axis=1)
    scores: Floats = (gain @ discount) / (best @ discount + OML_EPSILON)
    return scores


def _precision(relevant: Bools) -> Floats:
    precision: Floats = np.cumsum(relevant, axis=1) / np.arange(1, relevant.shape[1] + 1)
    return precision


def _at_hits(values: Floats, relevant: Bools) -> Floats:
    total: Floats = np.where(relevant, values, 0).sum(axis=1)
    return total
