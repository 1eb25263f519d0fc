"""Exact retrieval by cosine similarity, in blocks of queries and of the database.

A large database is searched in single precision, which finds all images that can be among the
wanted ones, and some more; those alone are compared in double precision. What is returned is the
same as if all had been.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rsir.core.errors import InputError
from rsir.networks.out_of_memory import Portions
from rsir.search.top_k import Found, stable_top_k

QUERY_BLOCK = 4096
DATABASE_BLOCK = 16384
SPARE = 16  # how many more than nine eighths of those wanted single precision finds
GATHERED_BYTES = 1 << 22  # of what is compared in double precision; stays in the cache

SHORTEST = 1e-60  # stands for the norm of zeros; float32 has none as short

CPU = torch.device("cpu")


def rank(
    descriptors: np.ndarray,
    queries: np.ndarray,
    database: np.ndarray,
    depth: int,
    device: torch.device = CPU,
) -> tuple[np.ndarray, np.ndarray]:
    """Rank the database for each query by falling cosine similarity.

    Equal similarities stand in the order of the database, so a ranking has no chance in it. They
    are those of double precision rounded to single, so that copies of an image, wherever they
    stand, have equal ones. A descriptor of zeros has similarity 0 to all.

    Parameters
    ----------
    descriptors : ndarray
        One row per image, float32 N×D.
    queries, database : ndarray
        Rows of `descriptors`: Q that ask, M that are searched. A query may be in the database.
    depth : int
        How many to rank; at most M are.
    device : torch.device
        What computes.

    Returns
    -------
    ranked : ndarray
        int32 Q×depth, positions in `database`.
    similarity : ndarray
        float32 Q×depth.

    Raises
    ------
    InputError
        If a descriptor is not finite, or memory does not hold the search for a single query.
    """
    unit = _UnitVectors.of(torch.from_numpy(descriptors), device)
    depth = min(depth, len(database))
    candidates = depth + depth // 8 + SPARE

    def find(asking: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if 4 * candidates < len(database):
            similarity, places = _rank_candidates(unit, asking, database, depth, candidates)
        else:
            similarity, places = _search(unit, asking, database, depth, torch.float64, stable_top_k)
        return places.int().cpu().numpy(), similarity.cpu().numpy()

    ranked, similarity = zip(*Portions("queries").apply(find, queries), strict=True)
    return np.concatenate(ranked), np.concatenate(similarity)


@dataclass(frozen=True)
class _UnitVectors:
    """Descriptors, of which rows are made unit vectors when they are needed."""

    vectors: Tensor
    norms: Tensor
    device: torch.device

    @classmethod
    def of(cls, vectors: Tensor, device: torch.device) -> "_UnitVectors":
        norms = torch.empty(len(vectors), dtype=torch.float64)
        # Written in place: small results between the large blocks would keep their memory apart.
        for first in range(0, len(vectors), QUERY_BLOCK):
            block = slice(first, first + QUERY_BLOCK)
            torch.linalg.vector_norm(vectors[block].double(), dim=1, out=norms[block])
        if not norms.isfinite().all():
            row = int(norms.isfinite().logical_not().nonzero()[0])
            raise InputError(
                f"descriptor of image number {row + 1} is not finite; extract it again"
            )
        return cls(vectors, norms.clamp_min(SHORTEST), device)

    @property
    def dimension(self) -> int:
        return self.vectors.shape[1]

    def rows(self, rows: np.ndarray, dtype: torch.dtype) -> Tensor:
        """Return unit vectors, a row for each of `rows`."""
        vectors = self.vectors[rows].to(self.device, dtype)
        # In two steps, since a very small norm cannot be divided by in single precision.
        root = self.norms[rows].sqrt().to(self.device, dtype)[:, None]
        return vectors.div_(root).div_(root)

    def similarity(self, queries: np.ndarray, near: np.ndarray) -> Tensor:
        """Compare each of Q rows with K of its own, Q×K, in double precision; float32."""
        left, right = (self.vectors[rows].to(self.device).double() for rows in (queries, near))
        left_norms, right_norms = (self.norms[rows].to(self.device) for rows in (queries, near))
        products = (right @ left[:, :, None])[:, :, 0]
        return (products / (left_norms[:, None] * right_norms)).float()


def _search(
    unit: _UnitVectors,
    queries: np.ndarray,
    database: np.ndarray,
    depth: int,
    dtype: torch.dtype,
    select: Callable[[Tensor, int], Found],
) -> Found:
    """Return the `depth` most similar for each query, by products of matrices in `dtype`.

    `select` takes the largest values of each row and their columns, best first.
    """
    blocks = _blocks(queries, QUERY_BLOCK)
    found: list[Found] = [
        (
            torch.empty(len(block), 0, device=unit.device),
            torch.empty(len(block), 0, dtype=torch.long, device=unit.device),
        )
        for block in blocks
    ]
    largest = min(QUERY_BLOCK, len(queries)) * min(DATABASE_BLOCK, len(database))
    memory = torch.empty(largest, dtype=dtype, device=unit.device)
    first = 0
    for searched in _blocks(database, DATABASE_BLOCK):
        columns = unit.rows(searched, dtype).T
        for number, block in enumerate(blocks):
            product = memory[: len(block) * len(searched)].view(len(block), len(searched))
            similarity = _multiply(unit.rows(block, dtype), columns, product).float()
            values, places = found[number]
            best, where = select(similarity, min(depth, len(searched)))
            # What was found before stands before the block, so a stable order keeps ties right.
            values = torch.cat([values, best], 1)
            places = torch.cat([places, where + first], 1)
            values, order = select(values, min(depth, values.shape[1]))
            found[number] = values, places.gather(1, order)
        first += len(searched)
    return torch.cat([values for values, _ in found]), torch.cat([places for _, places in found])


def _rank_candidates(
    unit: _UnitVectors, queries: np.ndarray, database: np.ndarray, depth: int, candidates: int
) -> Found:
    """Search in single precision, and rank what may be among the `depth` best in double."""
    values, places = _search(unit, queries, database, candidates, torch.float32, torch.topk)
    # A dot product of D terms is off by at most D rounding units of the sum of their sizes (Higham,
    # Accuracy and Stability of Numerical Algorithms, 2002, section 3.1), which of unit vectors is
    # at most 1. To make them unit vectors, and to round what comes out, takes some more.
    error = (unit.dimension + 20) * torch.finfo(torch.float32).eps / 2
    possible = values >= values[:, depth - 1 : depth] - 2 * error
    sure = ~possible[:, -1].cpu().numpy()  # else there may be more than were found
    similarity = torch.empty(len(queries), depth, device=unit.device)
    ranked = torch.empty(len(queries), depth, dtype=torch.long, device=unit.device)
    if sure.any():
        near = places[sure, : possible[sure].sum(1).max()].sort(1).values
        similarity[sure], ranked[sure] = _compare(unit, queries[sure], database, near, depth)
    if not sure.all():
        found = _search(unit, queries[~sure], database, depth, torch.float64, stable_top_k)
        similarity[~sure], ranked[~sure] = found
    return similarity, ranked


def _compare(
    unit: _UnitVectors, queries: np.ndarray, database: np.ndarray, places: Tensor, depth: int
) -> Found:
    """Return the `depth` best of the places of each query, which ascend, by double precision."""
    near = database[places.cpu().numpy()]
    count = max(1, GATHERED_BYTES // (8 * unit.dimension * near.shape[1]))
    pairs = zip(_blocks(queries, count), _blocks(near, count), strict=True)
    similarity = torch.cat([unit.similarity(asking, found) for asking, found in pairs])
    best, order = stable_top_k(similarity, depth)
    return best, places.gather(1, order)


def _multiply(left: Tensor, right: Tensor, product: Tensor) -> Tensor:
    """Multiply matrices, on a CPU by numpy, whose library is fast on all makes of processors."""
    if left.device == CPU:
        np.matmul(left.numpy(), right.numpy(), out=product.numpy())
        return product
    return torch.mm(left, right, out=product)


def _blocks(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[first : first + size] for first in range(0, len(rows), size)]
