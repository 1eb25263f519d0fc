"""Labels that are predicted from the nearest images, and how well they are predicted."""

import numpy as np

from rsir.metrics.arrays import Bools, Floats, Ints, ratio


def label_shares(ranked: Ints, labels: Bools) -> Floats:
    """Return the share of the nearest images that has each label.

    Parameters
    ----------
    ranked
        (Q, k) rows of `labels`, the nearest images of each query; −1 where there are fewer.
    labels
        (D, L).

    Returns
    -------
    ndarray
        (Q, L), NaN for a query without neighbours.
    """
    counts = np.zeros((len(ranked), labels.shape[1]))
    for column in ranked.T:
        counts += labels[column] & (column >= 0)[:, None]
    return ratio(counts, (ranked >= 0).sum(axis=1)[:, None], undefined=np.nan)


def average_precisions(scores: Floats, relevant: Bools) -> Floats:
    """Return the average precision of each column, equal scores being retrieved at once.

    The sum over thresholds of the precision times the increase of the recall, as in scikit-learn.

    Parameters
    ----------
    scores, relevant
        (N, columns).

    Returns
    -------
    ndarray
        (columns,); NaN for a column without anything relevant.
    """
    order = np.argsort(-scores, axis=0, kind="stable")
    ordered = np.take_along_axis(scores, order, axis=0)
    hits = np.take_along_axis(relevant, order, axis=0)
    places = np.arange(len(scores))[:, None]
    precision: Floats = np.cumsum(hits, axis=0) / (places + 1)
    is_last = np.vstack([ordered[1:] != ordered[:-1], np.ones((1, scores.shape[1]), bool)])
    last = np.minimum.accumulate(np.where(is_last, places, len(scores))[::-1], axis=0)[::-1]
    total = (np.take_along_axis(precision, last, axis=0) * hits).sum(axis=0)
    return ratio(total, relevant.sum(axis=0), undefined=np.nan)


def macro_map(scores: Floats, labels: Bools) -> float:
    """Return the mean over labels of the average precision (Q, L) over queries.

    Labels of no query are left out; NaN if that is all.
    """
    of_labels = average_precisions(scores, labels)
    defined = of_labels[~np.isnan(of_labels)]
    return float(defined.mean()) if len(defined) else float("nan")


def micro_map(scores: Floats, labels: Bools) -> float:
    """Return the average precision of all pairs of a query and a label (Q, L) at once."""
    return float(average_precisions(scores.reshape(-1, 1), labels.reshape(-1, 1))[0])


def sample_f1(scores: Floats, labels: Bools) -> float:
    """Return the mean over queries of 2 |Lq ∩ P| / (|Lq| + |P|).

    P are the labels that at least half of the neighbours have; `scores` (Q, L) are their shares,
    `labels` (Q, L) those of the queries. A query scores 1 where both sets are empty.
    """
    predicted = scores >= 0.5
    shared = (predicted & labels).sum(axis=1)
    sizes = predicted.sum(axis=1) + labels.sum(axis=1)
    return float(ratio(2 * shared, sizes, undefined=1).mean())
