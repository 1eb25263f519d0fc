"""Exact retrieval by cosine similarity, in blocks of queries and of the database.

A large database is first searched in single precision for a superset of the nearest neighbours;
only these candidates are compared in double precision. The result is the same as that of a search
in double precision.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rsir.core.errors import InputError
from rsir.networks.out_of_memory import Portions
from rsir.search.top_k import Neighbours, stable_top_k

QUERY_BLOCK = 4096
DATABASE_BLOCK = 16384
SPARE = 16  # number of candidates beyond 9/8 of the depth
GATHERED_BYTES = {"cpu": 1 << 22, "cuda": 1 << 30}
"""Size of a block compared in double precision, by the type of the device; fits a CPU's cache."""

MIN_NORM = 1e-60  # replaces a norm of zero; nonzero float32 vectors have larger norms

CPU = torch.device("cpu")


def rank(
    descriptors: np.ndarray,
    queries: np.ndarray,
    database: np.ndarray,
    depth: int,
    device: torch.device = CPU,
) -> tuple[np.ndarray, np.ndarray]:
    """Rank the database for each query by decreasing cosine similarity.

    Ties are ordered by position in the database, so rankings are deterministic. Similarities are
    computed in double precision and rounded to single precision, so that copies of an image have
    equal similarities at any position. A descriptor of zeros has similarity 0 to every image.

    Parameters
    ----------
    descriptors : ndarray
        One row per image, float32 N×D.
    queries, database : ndarray
        Rows of `descriptors`: Q queries, M database images. A query may be in the database.
    depth : int
        Number of images to rank per query; capped at M.
    device : torch.device
        Device that computes the similarities.

    Returns
    -------
    ranked : ndarray
        int32 Q×depth, positions in `database`.
    similarity : ndarray
        float32 Q×depth.

    Raises
    ------
    InputError
        If a descriptor is not finite, or a search for a single query does not fit into memory.
    """
    unit = _UnitVectors.of(torch.from_numpy(descriptors), device)
    depth = min(depth, len(database))
    candidates = depth + depth // 8 + SPARE

    def search(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if 4 * candidates < len(database):
            similarity, ranked = _rank_candidates(unit, block, database, depth, candidates)
        else:
            similarity, ranked = _search(unit, block, database, depth, torch.float64, stable_top_k)
        return ranked.int().cpu().numpy(), similarity.cpu().numpy()

    ranked, similarity = zip(*Portions("queries").apply(search, queries), strict=True)
    return np.concatenate(ranked), np.concatenate(similarity)


@dataclass(frozen=True)
class _UnitVectors:
    """Descriptors whose rows are normalised on access; on the device where they fit."""

    vectors: Tensor
    norms: Tensor
    device: torch.device

    @classmethod
    def of(cls, vectors: Tensor, device: torch.device) -> "_UnitVectors":
        norms = torch.empty(len(vectors), dtype=torch.float64)
        # Written in place: small allocations between the large blocks would fragment the memory.
        for first in range(0, len(vectors), QUERY_BLOCK):
            block = slice(first, first + QUERY_BLOCK)
            torch.linalg.vector_norm(vectors[block].double(), dim=1, out=norms[block])
        if not norms.isfinite().all():
            row = int(norms.isfinite().logical_not().nonzero()[0])
            raise InputError(
                f"descriptor of image number {row + 1} is not finite; extract it again"
            )
        norms = norms.clamp_min(MIN_NORM)
        if device.type == "cuda" and vectors.nbytes < torch.cuda.mem_get_info()[0] / 2:
            vectors, norms = vectors.to(device), norms.to(device)
        return cls(vectors, norms, device)

    @property
    def dimension(self) -> int:
        return self.vectors.shape[1]

    def rows(self, rows: np.ndarray, dtype: torch.dtype) -> Tensor:
        """Return the unit vectors of `rows`."""
        index = self._index(rows)
        vectors = self.vectors[index].to(self.device, dtype)
        # In two steps, since a very small norm underflows in single precision.
        root = self.norms[index].sqrt().to(self.device, dtype)[:, None]
        return vectors.div_(root).div_(root)

    def _index(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(rows).to(self.vectors.device)

    def similarity(self, queries: np.ndarray, candidates: np.ndarray) -> Tensor:
        """Return the float32 similarity (Q, K) of queries (Q,) and their candidates (Q, K).

        It is computed in double precision.
        """
        pair = (self._index(queries), self._index(candidates))
        query_vectors, vectors = (self.vectors[rows].to(self.device).double() for rows in pair)
        query_norms, norms = (self.norms[rows].to(self.device) for rows in pair)
        products = (vectors @ query_vectors[:, :, None])[:, :, 0]
        return (products / (query_norms[:, None] * norms)).float()


def _search(
    unit: _UnitVectors,
    queries: np.ndarray,
    database: np.ndarray,
    depth: int,
    dtype: torch.dtype,
    select: Callable[[Tensor, int], Neighbours],
) -> Neighbours:
    """Return the `depth` nearest neighbours of each query, by matrix products in `dtype`.

    `select` returns the largest values of each row and their columns, best first.
    """
    blocks = _blocks(queries, QUERY_BLOCK)
    neighbours: list[Neighbours] = [
        (
            torch.empty(len(block), 0, device=unit.device),
            torch.empty(len(block), 0, dtype=torch.long, device=unit.device),
        )
        for block in blocks
    ]
    largest = min(QUERY_BLOCK, len(queries)) * min(DATABASE_BLOCK, len(database))
    memory = torch.empty(largest, dtype=dtype, device=unit.device)
    first = 0
    for rows in _blocks(database, DATABASE_BLOCK):
        columns = unit.rows(rows, dtype).T
        for number, block in enumerate(blocks):
            product = memory[: len(block) * len(rows)].view(len(block), len(rows))
            similarity = _multiply(unit.rows(block, dtype), columns, product).float()
            values, positions = neighbours[number]
            block_values, block_positions = select(similarity, min(depth, len(rows)))
            # Earlier positions come first, so that a stable selection keeps the order of ties.
            values = torch.cat([values, block_values], 1)
            positions = torch.cat([positions, block_positions + first], 1)
            values, order = select(values, min(depth, values.shape[1]))
            neighbours[number] = values, positions.gather(1, order)
        first += len(rows)
    values, positions = (torch.cat(parts) for parts in zip(*neighbours, strict=True))
    return values, positions


def _rank_candidates(
    unit: _UnitVectors, queries: np.ndarray, database: np.ndarray, depth: int, candidates: int
) -> Neighbours:
    """Select candidates in single precision and rank them in double precision."""
    values, positions = _search(unit, queries, database, candidates, torch.float32, torch.topk)
    # The error of a dot product of D terms is at most D unit roundoffs times the sum of their
    # absolute values (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1),
    # which is at most 1 for unit vectors. The normalisation and the final rounding add a few more.
    error = (unit.dimension + 20) * torch.finfo(torch.float32).eps / 2
    possible = values >= values[:, depth - 1 : depth] - 2 * error
    sure = ~possible[:, -1].cpu().numpy()  # otherwise further images may qualify
    similarity = torch.empty(len(queries), depth, device=unit.device)
    ranked = torch.empty(len(queries), depth, dtype=torch.long, device=unit.device)
    if sure.any():
        selected = positions[sure, : possible[sure].sum(1).max()].sort(1).values
        similarity[sure], ranked[sure] = _compare(unit, queries[sure], database, selected, depth)
    if not sure.all():
        neighbours = _search(unit, queries[~sure], database, depth, torch.float64, stable_top_k)
        similarity[~sure], ranked[~sure] = neighbours
    return similarity, ranked


def _compare(
    unit: _UnitVectors, queries: np.ndarray, database: np.ndarray, positions: Tensor, depth: int
) -> Neighbours:
    """Return the `depth` best of each query's positions (ascending), in double precision."""
    candidates = database[positions.cpu().numpy()]
    count = max(1, GATHERED_BYTES[unit.device.type] // (8 * unit.dimension * candidates.shape[1]))
    blocks = zip(_blocks(queries, count), _blocks(candidates, count), strict=True)
    similarity = torch.cat([unit.similarity(*block) for block in blocks])
    best, order = stable_top_k(similarity, depth)
    return best, positions.gather(1, order)


def _multiply(left: Tensor, right: Tensor, product: Tensor) -> Tensor:
    """Multiply matrices; on a CPU with NumPy, whose BLAS is fast on processors of all vendors."""
    if left.device == CPU:
        np.matmul(left.numpy(), right.numpy(), out=product.numpy())
        return product
    return torch.mm(left, right, out=product)


def _blocks(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[first : first + size] for first in range(0, len(rows), size)]
