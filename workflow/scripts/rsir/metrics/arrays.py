"""Array types, division with a default for 0/0, blocks of queries, and columns of rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Scenes = NDArray[Any]

_BLOCK_ELEMENTS = 2**22


def blocks_of_queries(queries: int, columns: int) -> Iterator[slice]:
    """Yield slices of queries such that an array (block, columns) has a bounded size."""
    step = max(1, _BLOCK_ELEMENTS // max(1, columns))
    for start in range(0, queries, step):
        yield slice(start, start + step)


def columns_of_rows(rows: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield each column of rows (Q, E), −1 for none, as its queries and their rows.

    A query is in a column at most once, so that its counts can be changed in place.
    """
    for column in rows.T:
        queries = np.flatnonzero(column >= 0)
        yield queries, column[queries]


def ratio(numerator: NDArray[Any], denominator: NDArray[Any], undefined: Any) -> Floats:
    """Return the quotient, and `undefined` where the denominator is 0."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    result = np.array(np.broadcast_to(undefined, shape), dtype=np.float64)
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result
