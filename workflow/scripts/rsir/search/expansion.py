"""Query expansion and database augmentation: vectors are averaged with those of their neighbours.

What a query may not retrieve is not in the database for it: neither among the neighbours that the
query is expanded by, nor among those of any other image. So each query has an augmented database of
its own, which differs from that of the others where it is among the neighbours of an image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from rsir.metrics.arrays import Floats, Ints
from rsir.search.exact import CPU
from rsir.search.protocol import Condition, Ranking, Search, without
from rsir.search.similarities import Similarity


@dataclass(frozen=True)
class Expansion:
    """By how many neighbours vectors are averaged.

    Attributes
    ----------
    augmentation
        Neighbours of each image of the database; 0 to leave the database as it is.
    neighbours
        Neighbours of a query; 0 to leave queries as they are.
    alpha
        Exponent of the similarity of a query's neighbour, which is its weight.
    """

    augmentation: int
    neighbours: int
    alpha: float


class AugmentedDatabase:
    """A database of augmented vectors, for queries that may not retrieve some of its images.

    The vector of an image is the mean of its own and of those of its `count` nearest neighbours:
    Turcot, Lowe, "Better matching with fewer features", ICCV workshops 2009; Arandjelović,
    Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012, section
    5.2. Vectors are scaled as the similarity scales them, before and after.
    """

    def __init__(
        self,
        vectors: Floats,
        excluded: Ints,
        count: int,
        similarity: Similarity,
        device: torch.device,
    ) -> None:
        """Augment vectors (M, D), and again for each query what its excluded rows (Q, E) change."""
        self._similarity, self._device = similarity, device
        self._own, self._excluded, self._count = similarity.scaled(vectors), excluded, count
        positions = np.arange(len(vectors))
        depth = min(len(vectors), count + excluded.shape[1] + 1)
        table = self._own.astype(np.float32)
        ranked, _ = similarity.rank(table, positions, positions, depth, device)
        self._neighbours = without(ranked, positions[:, None]).astype(np.int64)
        nearest = self._neighbours[:, :count]
        totals = self._own.copy()
        for column in nearest.T:
            totals += self._own[column]
        self._common = self._stored(totals / (1 + nearest.shape[1]))
        self._changed = self._images_that_lose_a_neighbour(nearest)
        self._replaced = [self._augmented_for(query) for query in range(len(excluded))]

    def vectors(self, query: int, positions: Ints) -> Floats:
        """Return the vectors (K, D) of some images, as a query sees them."""
        chosen = self._common[positions].astype(float)
        for position, vector in zip(self._changed[query], self._replaced[query], strict=True):
            chosen[positions == position] = vector
        return chosen

    def rank(self, queries: Floats, depth: int) -> Ranking:
        """Rank the database for each query vector (Q, D), excluded images included."""
        size = len(self._common)
        depth = min(depth, size)
        deeper = depth + max(map(len, self._changed), default=0)
        table = np.concatenate([self._common, queries.astype(np.float32)])
        rows = size + np.arange(len(queries))
        ranked, similarity = self._similarity.rank(
            table, rows, np.arange(size), deeper, self._device
        )
        for query, (changed, vectors) in enumerate(zip(self._changed, self._replaced, strict=True)):
            if len(changed):
                kept = ~np.isin(ranked[query], changed)
                new = self._similarity.of_pair(table[size + query].astype(float), vectors)
                values = np.concatenate([similarity[query, kept], new.astype(np.float32)])
                positions = np.concatenate([ranked[query, kept], changed])
                order = np.lexsort((positions, -values))[:depth]
                ranked[query, :depth], similarity[query, :depth] = positions[order], values[order]
        return ranked[:, :depth], similarity[:, :depth]

    def _images_that_lose_a_neighbour(self, nearest: Ints) -> list[Ints]:
        """Return, for each query, the images that have an excluded one among their neighbours."""
        images = np.repeat(np.arange(len(nearest)), nearest.shape[1])
        order = np.argsort(nearest.ravel(), kind="stable")
        ends = np.cumsum(np.bincount(nearest.ravel(), minlength=len(nearest)))
        having = np.split(images[order], ends[:-1])
        nothing = np.empty(0, np.int64)
        return [
            np.unique(np.concatenate([nothing, *(having[row] for row in rows if row >= 0)]))
            for rows in self._excluded
        ]

    def _augmented_for(self, query: int) -> Floats:
        """Return the vectors of the changed images of a query."""
        vectors = self._own[self._changed[query]]
        for number, image in enumerate(self._changed[query]):
            neighbours = self._neighbours[image]
            left = neighbours[~np.isin(neighbours, self._excluded[query])][: self._count]
            vectors[number] = (vectors[number] + self._own[left].sum(axis=0)) / (1 + len(left))
        return self._stored(vectors).astype(float)

    def _stored(self, vectors: Floats) -> np.ndarray:
        return self._similarity.scaled(vectors).astype(np.float32)


def rank_expanded(
    descriptors: np.ndarray,
    queries: Ints,
    database: Ints,
    excluded: Ints,
    depth: int,
    similarity: Similarity,
    expansion: Expansion,
    device: torch.device = CPU,
) -> Ranking:
    """Rank the database for each query, after database augmentation and query expansion.

    A query q becomes (q + Σ wᵢ xᵢ) / (1 + Σ wᵢ), where xᵢ are its nearest images in the augmented
    database and wᵢ = max(sᵢ, 0)^α with their similarities sᵢ: Radenović, Tolias, Chum, "Fine-tuning
    CNN image retrieval with no human annotation", PAMI 2019, section 3.2; with α = 0, the average
    of Chum et al., "Total recall", ICCV 2007.

    Parameters
    ----------
    descriptors : ndarray
        float32 N×D.
    queries, database : ndarray
        Rows of `descriptors`: Q queries, M images of the database.
    excluded : ndarray
        (Q, E) positions in the database that each query may not retrieve, −1 for none. They are
        ranked, too, but are nobody's neighbours.
    depth : int
        Number of images to rank per query; capped at M.
    similarity : Similarity
        How vectors are compared.
    expansion : Expansion
        The numbers of neighbours.
    device : torch.device
        Device that computes the similarities.

    Returns
    -------
    ranked, similarity : ndarray
        As `rsir.search.exact.rank` returns them.
    """
    vectors = descriptors.astype(float)
    augmented = AugmentedDatabase(
        vectors[database], excluded, expansion.augmentation, similarity, device
    )
    of_queries = similarity.scaled(vectors[queries])
    if expansion.neighbours:
        ranked, values = augmented.rank(of_queries, expansion.neighbours + excluded.shape[1])
        for query, positions in enumerate(ranked):
            usable = ~np.isin(positions, excluded[query])
            chosen = positions[usable][: expansion.neighbours]
            weights = np.maximum(values[query, usable][: len(chosen)].astype(float), 0)
            weights **= expansion.alpha
            total = of_queries[query] + weights @ augmented.vectors(query, chosen)
            of_queries[query] = total / (1 + weights.sum())
    return augmented.rank(of_queries, depth)


def rank_conditions(
    descriptors: np.ndarray,
    search: Search,
    conditions: Sequence[Condition],
    depth: int,
    similarity: Similarity,
    expansion: Expansion,
    device: torch.device = CPU,
) -> dict[str, Ranking]:
    """Rank the database by `rank_expanded` for each `Condition.key`.

    The rows of queries that a condition does not count are zeros.
    """
    rankings: dict[str, Ranking] = {}
    for condition in conditions:
        if condition.key not in rankings:
            counted = condition.counted
            shape = len(search.queries), min(depth, len(search.database))
            ranked, values = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
            ranked[counted], values[counted] = rank_expanded(
                descriptors,
                search.queries[counted],
                search.database,
                condition.excluded,
                depth,
                similarity,
                expansion,
                device,
            )
            rankings[condition.key] = ranked, values
    return rankings
