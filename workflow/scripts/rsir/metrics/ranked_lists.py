"""Metrics of a ranked list: nDCG, weighted average precision, average precision and NMRR.

Arrays have a row per query and a column per rank.
"""

import numpy as np

from rsir.metrics.arrays import Bools, Floats, Ints, ratio

# A ranked list: a row per query, a column per rank.


def ndcg(overlap: Ints, overlap_counts: Ints) -> Floats:
    """Return the discounted cumulative gain over that of the best list of the database.

    The gain is 2^|Lq ∩ Lr| − 1 and the discount log2(1 + rank). A query that shares no label with
    any image of the database has no gain to normalise by and scores 0.

    Parameters
    ----------
    overlap
        (Q, k) number of shared labels per rank.
    overlap_counts
        (Q, S) number of database images that share s labels with the query.
    """
    cutoff = overlap.shape[1]
    discount = 1 / np.log2(np.arange(2, cutoff + 2))
    gained = (np.exp2(overlap) - 1) @ discount
    # In the best list the images that share s labels take the ranks after `ahead` up to `through`;
    # `total[r]` is the sum of the discounts of the first r ranks.
    total = np.concatenate([[0], np.cumsum(discount)])
    through = np.cumsum(overlap_counts[:, ::-1], axis=1)[:, ::-1]
    ahead = through - overlap_counts
    share = total[np.minimum(through, cutoff)] - total[np.minimum(ahead, cutoff)]
    best = share @ (np.exp2(np.arange(overlap_counts.shape[1])) - 1)
    return ratio(gained, best, undefined=0)


def weighted_average_precision(overlap: Ints) -> Floats:
    """Return the mean over the ranks with a shared label of the ACG up to there; 0 without any.

    `overlap` is (Q, k), the number of shared labels per rank; the result is in labels.
    """
    hit = overlap > 0
    acg = np.cumsum(overlap, axis=1) / np.arange(1, overlap.shape[1] + 1)
    return ratio((acg * hit).sum(axis=1), hit.sum(axis=1), undefined=0)


def average_precision(relevant: Bools, number_relevant: Ints) -> Floats:
    """Return the sum of the precisions at the relevant ranks over min(k, number relevant).

    `relevant` is (Q, k) and `number_relevant` (Q,) counts the whole database. A query with nothing
    relevant scores 0.
    """
    cutoff = relevant.shape[1]
    precision_at = np.cumsum(relevant, axis=1) / np.arange(1, cutoff + 1)
    found = (precision_at * relevant).sum(axis=1)
    return ratio(found, np.minimum(number_relevant, cutoff), undefined=0)


def nmrr(relevant: Bools, number_relevant: Ints, window: Ints) -> Floats:
    """Return the normalised modified retrieval rank of MPEG-7: 0 is perfect, 1 finds nothing.

    `relevant` is (Q, depth), `number_relevant` (Q,) is NG in the whole database, and `window` (Q,)
    is K as `anmrr_windows` gives it: a relevant image beyond it counts as if at rank 1.25 K. A
    query with nothing relevant has no retrieval rank: NaN. The mean over queries is the ANMRR.
    """
    rank = np.arange(1, relevant.shape[1] + 1)
    found = relevant & (rank <= window[:, None])
    missed = number_relevant - found.sum(axis=1)
    average_rank = ratio(found @ rank + 1.25 * window * missed, number_relevant, undefined=np.nan)
    best = 0.5 * (1 + number_relevant)
    return (average_rank - best) / (1.25 * window - best)


def anmrr_windows(number_relevant: Ints) -> Ints:
    """Return K = min(4 NG, 2 max NG) for each of all queries, given NG (Q,)."""
    windows: Ints = np.minimum(4 * number_relevant, 2 * number_relevant.max(initial=0))
    return windows
