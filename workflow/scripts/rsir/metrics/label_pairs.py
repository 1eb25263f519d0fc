"""Metrics of a pair of images, by the labels that each has and that both have.

The arguments are arrays that broadcast: the number of shared labels (the overlap), and the number
of labels of the query and of the retrieved image.
"""

import numpy as np

from rsir.metrics.arrays import Bools, Floats, Ints, ratio

# A pair of images: arrays that broadcast, in numbers of labels.


def accuracy(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return |Lq ∩ Lr| / |Lq ∪ Lr|, the Jaccard index; 1 where neither has a label."""
    return ratio(overlap, query_size + retrieved_size - overlap, undefined=1)


def precision(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return |Lq ∩ Lr| / |Lr|; without retrieved labels 1 if the query has none either, else 0."""
    return ratio(overlap, retrieved_size, undefined=query_size == 0)


def recall(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return |Lq ∩ Lr| / |Lq|; without query labels 1 if the retrieved has none either, else 0."""
    return ratio(overlap, query_size, undefined=retrieved_size == 0)


def f1(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return 2 |Lq ∩ Lr| / (|Lq| + |Lr|); 1 where neither has a label."""
    return ratio(2 * overlap, query_size + retrieved_size, undefined=1)


def hamming_loss(overlap: Ints, query_size: Ints, retrieved_size: Ints, labels: int) -> Floats:
    """Return |Lq Δ Lr| / |L|, with `labels` = |L| the number of labels of the archive."""
    return (query_size + retrieved_size - 2 * overlap) / labels


def jaccard_relevant(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Bools:
    """Return where the Jaccard index is at least 0.5, decided in whole numbers."""
    return 2 * overlap >= query_size + retrieved_size - overlap


def label_overlap(query_labels: Bools, database_labels: Bools) -> Ints:
    """Return |Lq ∩ Lr| (Q, D) of label sets (Q, L) and (D, L)."""
    shared = query_labels.astype(np.float32) @ database_labels.T.astype(np.float32)
    return shared.astype(np.int64)
