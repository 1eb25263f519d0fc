"""The number of images of a database that share labels with a query, for ideal rankings."""

from dataclasses import dataclass, replace

import numpy as np

from rsir.metrics.arrays import Bools, Ints, blocks_of_queries
from rsir.metrics.label_pairs import jaccard_relevant, label_overlap


@dataclass(frozen=True)
class LabelCounts:
    """Counts over a database for each of Q queries, once for each of their K label sets.

    Attributes
    ----------
    kind : ndarray
        (Q,) the label set of each query.
    by_overlap : ndarray
        (K, S) the number of images that share s labels with it.
    similar : ndarray
        (K,) the number of images whose Jaccard index with it is at least 0.5.
    """

    kind: Ints
    by_overlap: Ints
    similar: Ints

    @classmethod
    def of(cls, query_labels: Bools, database_labels: Bools) -> "LabelCounts":
        """Count images by labels (Q, L) and (D, L), from the distinct label sets of both.

        Label sets are compared in blocks, so memory does not grow with queries × database.
        """
        kinds, kind = _distinct_label_sets(query_labels)
        sets, set_of_row = _distinct_label_sets(database_labels)
        multiplicity = np.bincount(set_of_row).astype(np.float64)
        sizes, set_sizes = kinds.sum(axis=1)[:, None], sets.sum(axis=1)
        shape = int(sizes.max(initial=0)) + 1, int(set_sizes.max(initial=0)) + 1
        by_overlap = np.empty((len(kinds), shape[0]), np.int64)
        similar = np.empty(len(kinds), np.int64)
        for block in blocks_of_queries(len(kinds), len(sets)):
            overlap = label_overlap(kinds[block], sets)
            cell = overlap * shape[1] + set_sizes
            cell += shape[0] * shape[1] * np.arange(len(overlap))[:, None]
            weights = np.broadcast_to(multiplicity, overlap.shape)
            counts = np.bincount(cell.ravel(), weights.ravel(), len(overlap) * shape[0] * shape[1])
            by_size = counts.reshape(-1, *shape).astype(np.int64)
            by_overlap[block] = by_size.sum(axis=2)
            pairs = np.arange(shape[0])[:, None], sizes[block, :, None], np.arange(shape[1])
            similar[block] = np.where(jaccard_relevant(*pairs), by_size, 0).sum(axis=(1, 2))
        return cls(kind, by_overlap, similar)

    def select(self, queries: Ints) -> "LabelCounts":
        """Return the counts of some queries (R,)."""
        return replace(self, kind=self.kind[queries])

    def of_queries(self, block: slice) -> tuple[Ints, Ints]:
        """Return the rows of `by_overlap` and of `similar` of a block of queries."""
        return self.by_overlap[self.kind[block]], self.similar[self.kind[block]]


def _distinct_label_sets(labels: Bools) -> tuple[Bools, Ints]:
    """Return the unique rows (U, L) of labels (D, L) and the inverse indices (D,)."""
    _, first, set_of_row = np.unique(
        np.packbits(labels, axis=1), axis=0, return_index=True, return_inverse=True
    )
    return labels[first], set_of_row.reshape(-1)
