"""Similarities by which descriptors are compared; a new one is an entry of `SIMILARITIES`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rsir.metrics.arrays import Floats
from rsir.search.exact import CPU, rank
from rsir.search.protocol import Ranking
from rsir.search.top_k import stable_top_k
from rsir.search.unit_vectors import MIN_NORM

COMPARED = 1 << 24
"""Number of pairs that are compared at a time."""


@dataclass(frozen=True)
class Similarity:
    """A similarity of vectors.

    Attributes
    ----------
    rank
        Ranks a database, with the parameters and returns of `rsir.search.exact.rank`.
    of_pair
        Similarities (K,) of a vector (D,) and vectors (K, D).
    scaled
        Vectors (K, D), as they are averaged.
    """

    rank: Callable[[np.ndarray, np.ndarray, np.ndarray, int, torch.device], Ranking]
    of_pair: Callable[[Floats, Floats], Floats]
    scaled: Callable[[Floats], Floats]


def cosine(vector: Floats, others: Floats) -> Floats:
    """Return the cosine similarities (K,) of a vector (D,) and others (K, D)."""
    products: Floats = unit_vectors(others) @ unit_vectors(vector[None])[0]
    return products


def unit_vectors(vectors: Floats) -> Floats:
    """Return rows divided by their norms; rows of zeros stay zeros."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Floats = vectors / np.maximum(norms, MIN_NORM)
    return units


def soft_jaccard(vector: Floats, others: Floats) -> Floats:
    """Return the soft Jaccard indices (K,) of probabilities (L,) and others (K, L).

    The index of p and q is Σ min(p, q) / Σ max(p, q), the Jaccard index of the label sets if all
    probabilities are 0 or 1; of two vectors of zeros it is 1. Ružička, "Anwendung
    mathematisch-statistischer Methoden in der Geobotanik", Biológia 13, 1958.
    """
    smaller = np.minimum(others, vector).sum(axis=1)
    larger = np.maximum(others, vector).sum(axis=1)
    both_empty = larger == 0
    indices: Floats = np.where(both_empty, 1.0, smaller / np.where(both_empty, 1.0, larger))
    return indices


def rank_by_soft_jaccard(
    descriptors: NDArray[np.float32],
    queries: np.ndarray,
    database: np.ndarray,
    depth: int,
    device: torch.device = CPU,
) -> Ranking:
    """Rank the database for each query by decreasing `soft_jaccard`.

    As `rsir.search.exact.rank`: in double precision, rounded to single, ties in database order.
    """
    values = torch.from_numpy(descriptors).to(device).double()
    others, sizes = values[database].T, values.sum(1)
    count = max(1, COMPARED // len(database))
    ranked, similarity = [], []
    for first in range(0, len(queries), count):
        rows = queries[first : first + count]
        smaller = torch.zeros(len(rows), len(database), dtype=torch.float64, device=device)
        for of_query, of_others in zip(values[rows].T, others, strict=True):
            smaller += torch.minimum(of_query[:, None], of_others)
        larger = sizes[rows][:, None] + sizes[database] - smaller
        indices = torch.where(larger == 0, 1.0, smaller / larger.clamp_min(MIN_NORM))
        best, positions = stable_top_k(indices.float(), min(depth, len(database)))
        ranked.append(positions.int().cpu().numpy())
        similarity.append(best.cpu().numpy())
    return np.concatenate(ranked), np.concatenate(similarity)


COSINE = "cosine"

SIMILARITIES = {
    COSINE: Similarity(rank, cosine, unit_vectors),
    "soft_jaccard": Similarity(rank_by_soft_jaccard, soft_jaccard, lambda vectors: vectors),
}
