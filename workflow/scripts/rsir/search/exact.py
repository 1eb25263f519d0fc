"""Exact retrieval by cosine similarity, in blocks of queries and of the database.

A large database is first searched in single precision for a superset of the nearest neighbours;
only these candidates are compared in double precision. The result is the same as that of a search
in double precision. Descriptors may stay in their file, so that memory does not grow with their
number: each block of queries then passes over the file.
"""

from collections.abc import Callable, Iterator

import h5py
import numpy as np
import torch
from torch import Tensor

from rsir.networks.out_of_memory import Portions
from rsir.search.top_k import Neighbours, stable_top_k
from rsir.search.unit_vectors import StoredUnitVectors, UnitVectors, unit_vectors_of

QUERY_BLOCK = 2048
DATABASE_BLOCK = 8192  # of single precision; half as many of double
SPARE = 16  # number of candidates beyond 9/8 of the depth

MOST_CANDIDATES = 4096
"""Number of candidates above which the whole database is compared in double precision."""

QUERY_BYTES = 1 << 27
"""Size of the descriptors and candidates of the queries that are searched at once."""

WHOLE_BYTES = 3 << 27
"""Size of the descriptors of queries and their similarities to the whole database, if needed."""

WHOLE_QUERIES, MOST_WHOLE_BYTES = 512, 1 << 31
"""Queries that are searched at once even if they take more than `WHOLE_BYTES`, and up to what size.

With fewer queries, reading the descriptors takes longer than comparing them.
"""

SORTED_BYTES = 1 << 27
"""Size of what sorting similarities to the whole database takes at once."""

CPU = torch.device("cpu")

AnyUnitVectors = UnitVectors | StoredUnitVectors

Block = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Places (B,) of some queries, their ranked positions and similarities, (B, depth) each."""

WholeRows = Callable[[np.ndarray, Tensor], object]
"""Takes the places (B,) of some queries, and their similarities to the whole database.

These are float32 (B, M), on the device of the search.
"""


def rank(
    descriptors: np.ndarray | h5py.Dataset,
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
    descriptors : ndarray or Dataset
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
        If a descriptor is not finite.
    MachineError
        If a search for a single query does not fit into memory.
    """
    blocks = rank_blocks(descriptors, queries, database, depth, device)
    _, ranked, similarity = zip(*blocks, strict=True)
    return np.concatenate(ranked), np.concatenate(similarity)


def rank_blocks(
    descriptors: np.ndarray | h5py.Dataset,
    queries: np.ndarray,
    database: np.ndarray,
    depth: int,
    device: torch.device = CPU,
    whole_rows: WholeRows | None = None,
) -> Iterator[Block]:
    """Yield the results of `rank` in blocks of queries: their places, rankings and similarities.

    Parameters and errors are those of `rank`. What needs more of the ranking than `depth` is
    computed by `whole_rows`, since the similarities of all queries do not fit into memory; it is
    called for each query before its block is yielded, again where memory runs out meanwhile. The
    whole search is then in double precision.
    """
    vectors = unit_vectors_of(descriptors, device)
    depth = min(depth, len(database))
    candidates = depth + depth // 8 + SPARE
    few = whole_rows is None and 4 * candidates < len(database) and candidates <= MOST_CANDIDATES

    def search(places: np.ndarray) -> Block:
        block = queries[places]
        if few:
            similarity, ranked = _rank_candidates(vectors, block, database, depth, candidates)
        else:
            whole = _similarities(vectors, block, database)
            if whole_rows is not None:
                whole_rows(places, whole)
            similarity, ranked = _sorted(whole, depth)
        return places, ranked.int().cpu().numpy(), similarity.cpu().numpy()

    portions = Portions("queries")
    if few:
        at_once = _rows_of(QUERY_BYTES, 4 * vectors.dimension + 32 * candidates)
    else:
        query_bytes = 12 * vectors.dimension + 4 * len(database) + 12 * depth
        at_once = max(
            _rows_of(WHOLE_BYTES, query_bytes),
            min(WHOLE_QUERIES, _rows_of(MOST_WHOLE_BYTES, query_bytes)),
        )
    for block in _blocks(np.arange(len(queries)), at_once):
        yield from portions.apply(search, block)


def _nearest(
    vectors: AnyUnitVectors,
    queries: np.ndarray,
    database: np.ndarray,
    depth: int,
    dtype: torch.dtype,
) -> Neighbours:
    """Return the `depth` nearest neighbours; in single precision, ties are in any order."""
    top_k = stable_top_k if dtype == torch.float64 else Tensor.topk
    of_queries, places = vectors.held(queries)
    blocks = _blocks(places, QUERY_BLOCK)
    neighbours: list[Neighbours] = [
        (
            torch.empty(len(block), 0, device=vectors.device),
            torch.empty(len(block), 0, dtype=torch.long, device=vectors.device),
        )
        for block in blocks
    ]
    largest = min(QUERY_BLOCK, len(queries)) * min(_database_block(dtype), len(database))
    memory = torch.empty(largest, dtype=dtype, device=vectors.device)
    first = 0
    for rows in _blocks(database, _database_block(dtype)):
        columns = vectors.rows(rows, dtype).T
        for number, block in enumerate(blocks):
            product = memory[: len(block) * len(rows)].view(len(block), len(rows))
            similarity = _multiply(of_queries.rows(block, dtype), columns, product).float()
            values, positions = neighbours[number]
            block_values, block_positions = top_k(similarity, min(depth, len(rows)))
            values = torch.cat([values, block_values], 1)
            positions = torch.cat([positions, block_positions + first], 1)
            values, order = top_k(values, min(depth, values.shape[1]))
            neighbours[number] = values, positions.gather(1, order)
        first += len(rows)
    values, positions = (torch.cat(parts) for parts in zip(*neighbours, strict=True))
    return values, positions


def _rank_candidates(
    vectors: AnyUnitVectors,
    queries: np.ndarray,
    database: np.ndarray,
    depth: int,
    candidates: int,
) -> Neighbours:
    """Select candidates in single precision and rank them in double precision."""
    values, positions = _nearest(vectors, queries, database, candidates, torch.float32)
    # The error of a dot product of D terms is at most D unit roundoffs times the sum of their
    # absolute values (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1),
    # which is at most 1 for unit vectors. The normalisation and the final rounding add a few more.
    error = (vectors.dimension + 20) * torch.finfo(torch.float32).eps / 2
    possible = values >= values[:, depth - 1 : depth] - 2 * error
    sure = ~possible[:, -1].cpu().numpy()  # otherwise further images may qualify
    similarity = torch.empty(len(queries), depth, device=vectors.device)
    ranked = torch.empty(len(queries), depth, dtype=torch.long, device=vectors.device)
    if sure.any():
        selected = positions[sure, : possible[sure].sum(1).max()].sort(1).values
        rows = database[selected.cpu().numpy()]
        best, order = stable_top_k(vectors.similarity(queries[sure], rows), depth)
        similarity[sure], ranked[sure] = best, selected.gather(1, order)
    if not sure.all():
        neighbours = _nearest(vectors, queries[~sure], database, depth, torch.float64)
        similarity[~sure], ranked[~sure] = neighbours
    return similarity, ranked


def _similarities(vectors: AnyUnitVectors, queries: np.ndarray, database: np.ndarray) -> Tensor:
    """Return the similarities (Q, M), computed in double precision and rounded to single."""
    similarity = torch.empty(len(queries), len(database), device=vectors.device)
    of_queries, places = vectors.held(queries)
    query_vectors = of_queries.rows(places, torch.float64)
    first = 0
    for rows in _blocks(database, _database_block(torch.float64)):
        columns = vectors.rows(rows, torch.float64).T
        for some in _slices(len(queries), QUERY_BLOCK):
            left = query_vectors[some]
            product = torch.empty(len(left), len(rows), dtype=torch.double, device=vectors.device)
            similarity[some, first : first + len(rows)] = _multiply(left, columns, product)
        first += len(rows)
    return similarity


def _sorted(similarity: Tensor, depth: int) -> Neighbours:
    """Return the `depth` nearest neighbours by similarities (Q, M) to the whole database."""
    queries, size = similarity.shape
    values = torch.empty(queries, depth, device=similarity.device)
    positions = torch.empty(queries, depth, dtype=torch.int32, device=similarity.device)
    for some in _slices(queries, _rows_of(SORTED_BYTES, 24 * size)):
        values[some], positions[some] = stable_top_k(similarity[some], depth)
    return values, positions


def _multiply(left: Tensor, right: Tensor, product: Tensor) -> Tensor:
    """Multiply matrices; on a CPU with NumPy, whose BLAS is fast on processors of all vendors."""
    if left.device == CPU:
        np.matmul(left.numpy(), right.numpy(), out=product.numpy())
        return product
    return torch.mm(left, right, out=product)


def _database_block(dtype: torch.dtype) -> int:
    return max(1, DATABASE_BLOCK * 4 // dtype.itemsize)


def _rows_of(size: int, row_bytes: int) -> int:
    """Return the number of rows, at least one, that take this many bytes."""
    return max(1, size // row_bytes)


def _blocks(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[some] for some in _slices(len(rows), size)]


def _slices(count: int, size: int) -> list[slice]:
    return [slice(first, first + size) for first in range(0, count, size)]
