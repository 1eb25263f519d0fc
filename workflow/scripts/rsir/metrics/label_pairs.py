"""Metrics of a pair of images, computed from the sizes of their label sets and the overlap.

The arguments are arrays that broadcast: the number of shared labels (the overlap), and the number
of labels of the query and of the retrieved image.
"""

import numpy as np

from rsir.metrics.arrays import Bools, Floats, Ints, ratio


def accuracy(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return |Lq ∩ Lr| / |Lq ∪ Lr|, the Jaccard index; 1 where both sets are empty."""
    return ratio(overlap, query_size + retrieved_size - overlap, undefined=1)


def precision(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return |Lq ∩ Lr| / |Lr|; if |Lr| = 0, 1 where the query has no labels either, else 0."""
    return ratio(overlap, retrieved_size, undefined=query_size == 0)


def recall(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return |Lq ∩ Lr| / |Lq|; if |Lq| = 0, 1 where the image has no labels either, else 0."""
    return ratio(overlap, query_size, undefined=retrieved_size == 0)


def f1(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return 2 |Lq ∩ Lr| / (|Lq| + |Lr|); 1 where both sets are empty."""
    return ratio(2 * overlap, query_size + retrieved_size, undefined=1)


def hamming_loss(overlap: Ints, query_size: Ints, retrieved_size: Ints, labels: int) -> Floats:
    """Return |Lq Δ Lr| / |L|, where `labels` = |L| is the number of labels of the archive."""
    return (query_size + retrieved_size - 2 * overlap) / labels


def jaccard_relevant(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Bools:
    """Return where the Jaccard index is at least 0.5, in integer arithmetic."""
    return 2 * overlap >= query_size + retrieved_size - overlap


def label_overlap(query_labels: Bools, database_labels: Bools) -> Ints:
    """Return |Lq ∩ Lr| (Q, D) for label sets (Q, L) and (D, L)."""
    shared = query_labels.astype(np.float32) @ database_labels.T.astype(np.float32)
    return shared.astype(np.int64)
