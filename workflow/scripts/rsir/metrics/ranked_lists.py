"""Metrics of a ranked list: nDCG, weighted average precision, average precision and NMRR.

Arrays of ranked lists have a row per query and a column per rank.
"""

import numpy as np

from rsir.metrics.arrays import Bools, Floats, Ints, ratio


def ndcg(overlap: Ints, overlap_counts: Ints) -> Floats:
    """Return the discounted cumulative gain, normalised by that of the ideal ranking.

    The gain is 2^|Lq ∩ Lr| − 1 and the discount log2(1 + rank). A query that shares no label with
    any image of the database has an ideal gain of 0 and scores 0.

    Parameters
    ----------
    overlap
        (Q, k) number of shared labels at each rank.
    overlap_counts
        (Q, S) number of database images that share s labels with the query.
    """
    cutoff = overlap.shape[1]
    discount = 1 / np.log2(np.arange(2, cutoff + 2))
    gain = (np.exp2(overlap) - 1) @ discount
    # In the ideal ranking the images that share s labels take the ranks `first` + 1 to `last`;
    # `total[r]` is the sum of the discounts of the first r ranks.
    total = np.concatenate([[0], np.cumsum(discount)])
    last = np.cumsum(overlap_counts[:, ::-1], axis=1)[:, ::-1]
    first = last - overlap_counts
    discounts = total[np.minimum(last, cutoff)] - total[np.minimum(first, cutoff)]
    ideal = discounts @ (np.exp2(np.arange(overlap_counts.shape[1])) - 1)
    return ratio(gain, ideal, undefined=0)


def weighted_average_precision(overlap: Ints) -> Floats:
    """Return the mean of the ACG at the ranks with a shared label; 0 if there are none.

    `overlap` is (Q, k), the number of shared labels at each rank; the result is in labels.
    """
    hit = overlap > 0
    acg = np.cumsum(overlap, axis=1) / np.arange(1, overlap.shape[1] + 1)
    return ratio((acg * hit).sum(axis=1), hit.sum(axis=1), undefined=0)


def average_precision(relevant: Bools, number_relevant: Ints) -> Floats:
    """Return the sum of the precisions at the relevant ranks over min(k, number relevant).

    `relevant` is (Q, k) and `number_relevant` (Q,) counts the whole database. A query without
    relevant images scores 0.
    """
    cutoff = relevant.shape[1]
    precision_at = np.cumsum(relevant, axis=1) / np.arange(1, cutoff + 1)
    total = (precision_at * relevant).sum(axis=1)
    return ratio(total, np.minimum(number_relevant, cutoff), undefined=0)


def nmrr(relevant: Bools, number_relevant: Ints, window: Ints) -> Floats:
    """Return the normalised modified retrieval rank of MPEG-7, from 0 (best) to 1 (worst).

    `relevant` is (Q, depth), `number_relevant` (Q,) is NG in the whole database, and `window` (Q,)
    is K as returned by `anmrr_windows`: a relevant image beyond it is counted at rank 1.25 K. The
    score of a query without relevant images is NaN. The mean over queries is the ANMRR.
    """
    rank = np.arange(1, relevant.shape[1] + 1)
    retrieved = relevant & (rank <= window[:, None])
    missed = number_relevant - retrieved.sum(axis=1)
    average_rank = ratio(
        retrieved @ rank + 1.25 * window * missed, number_relevant, undefined=np.nan
    )
    best = 0.5 * (1 + number_relevant)
    return (average_rank - best) / (1.25 * window - best)


def anmrr_windows(number_relevant: Ints) -> Ints:
    """Return K = min(4 NG, 2 max NG) for each query; `number_relevant` (Q,) is NG."""
    windows: Ints = np.minimum(4 * number_relevant, 2 * number_relevant.max(initial=0))
    return windows
