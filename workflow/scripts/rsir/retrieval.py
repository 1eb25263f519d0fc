"""Exact retrieval by cosine similarity, in blocks."""

import numpy as np
import torch
from torch import Tensor

from rsir.errors import InputError

BLOCK = 1024  # queries at a time
DATABASE_BLOCK = 16384  # images searched at a time


def rank(
    descriptors: np.ndarray,
    queries: np.ndarray,
    database: np.ndarray,
    depth: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Rank the database for each query by falling cosine similarity.

    Equal similarities stand in the order of the database, so a ranking has no chance in it. They
    are computed in double precision and rounded to single, so that copies of an image, wherever
    they stand, have equal ones. A descriptor of zeros has similarity 0 to all.

    Parameters
    ----------
    descriptors : ndarray
        One row per image, N×D.
    queries, database : ndarray
        Rows of `descriptors`: Q that ask, M that are searched. A query may be in the database.
    depth : int
        How many to rank; at most M are.

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
    """
    if not np.isfinite(descriptors).all():
        row = int(np.flatnonzero(~np.isfinite(descriptors).all(1))[0])
        raise InputError(f"descriptor of image number {row + 1} is not finite; extract it again")
    depth = min(depth, len(database))
    unit = torch.nn.functional.normalize(torch.from_numpy(descriptors).double(), dim=1)
    searched = [unit[rows] for rows in np.split(database, _cuts(len(database)))]
    ranked, similarity = [], []
    for rows in np.array_split(queries, max(1, -(-len(queries) // BLOCK))):
        values, positions = _search(unit[rows], searched, depth)
        ranked.append(positions.int().numpy())
        similarity.append(values.numpy())
    return np.concatenate(ranked), np.concatenate(similarity)


def _cuts(count: int) -> range:
    return range(DATABASE_BLOCK, count, DATABASE_BLOCK)


def _search(queries: Tensor, searched: list[Tensor], depth: int) -> tuple[Tensor, Tensor]:
    """Return the `depth` most similar of all blocks, and their positions, best first."""
    values = torch.empty(len(queries), 0)
    positions = torch.empty(len(queries), 0, dtype=torch.long)
    first = 0
    for block in searched:
        similarity = (queries @ block.T).float()
        best, where = top(similarity, min(depth, len(block)))
        values = torch.cat([values, best], 1)
        positions = torch.cat([positions, where + first], 1)
        # What is held comes before the block in the database, so a stable order keeps ties right.
        values, where = top(values, min(depth, values.shape[1]))
        positions = positions.gather(1, where)
        first += len(block)
    return values, positions


def top(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` largest values of each row, best first, and their columns.

    Equal values stand by column. `torch.topk` alone may take any of the values that tie at the
    end, so a row where they do is sorted whole.
    """
    best, columns = values.topk(count, dim=1)
    tied = (values >= best[:, -1:]).sum(1) > count
    if tied.any():
        order = values[tied].sort(dim=1, descending=True, stable=True).indices[:, :count]
        columns[tied] = order
    columns = columns.sort(dim=1).values
    best, order = values.gather(1, columns).sort(dim=1, descending=True, stable=True)
    return best, columns.gather(1, order)
