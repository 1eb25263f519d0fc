"""Queries, database, and the protocols: whether a query may retrieve itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rsir.archives.archive_table import has_scenes, label_matrix
from rsir.core.errors import InputError
from rsir.metrics.arrays import Bools, Ints, Scenes

PROTOCOLS = ("excluded", "included")


def under_protocol(protocol: str, ranked: Ints, own_rows: Ints) -> tuple[Ints, Ints]:
    """Return the rankings under a protocol, and the excluded database row of each query, or −1.

    Under `excluded` a query never retrieves itself, under `included` it may. `ranked` (Q, depth)
    holds rows of the database and may include the query itself; `own_rows` (Q,) is the row of each
    query in the database, −1 if it is not in the database.
    """
    if protocol == "excluded" and (own_rows >= 0).any():
        return without_query(ranked, own_rows), own_rows
    return ranked, np.full_like(own_rows, -1)


def without_query(ranked: Ints, own_rows: Ints) -> Ints:
    """Remove each query from its ranking, or the last rank where it does not occur.

    `ranked` is (Q, depth) and `own_rows` (Q,); the result is (Q, depth − 1).
    """
    removed = ranked == own_rows[:, None]
    removed[~removed.any(axis=1), -1] = True
    others: Ints = ranked[~removed].reshape(len(ranked), -1)
    return others


@dataclass(frozen=True)
class Search:
    """The queries and the database of a search, as rows of the archive."""

    queries: Ints
    database: Ints

    @property
    def own_rows(self) -> Ints:
        """Return the position of each query in the database, −1 if it is not in the database."""
        positions = {row: position for position, row in enumerate(self.database)}
        return np.array([positions.get(row, -1) for row in self.queries])

    @property
    def smallest_database(self) -> int:
        """Return the least number of images that a query is compared with, itself excluded."""
        return len(self.database) - int((self.own_rows >= 0).any())

    def labels_and_scenes(
        self, archive: pd.DataFrame
    ) -> tuple[Bools, Bools, Scenes | None, Scenes | None]:
        """Return the labels of queries and database, then their scenes, or None without scenes."""
        labels = label_matrix(archive)
        scenes = archive["scene"].to_numpy(str) if has_scenes(archive) else None
        return (
            labels[self.queries],
            labels[self.database],
            None if scenes is None else scenes[self.queries],
            None if scenes is None else scenes[self.database],
        )


def find_search(subset: np.ndarray, database: str) -> Search:
    """Return the search of every test image in the subset `database`: `test`, `train` or `all`.

    Raises
    ------
    InputError
        If the database has fewer than two images.
    """
    rows = np.flatnonzero((subset == database) | (database == "all"))
    if len(rows) < 2:
        raise InputError(f"retrieval.database: {database} has {len(rows)} images; two are needed")
    return Search(np.flatnonzero(subset == "test"), rows)


def protocols_of(search: Search) -> Sequence[str]:
    """Return the protocols of a search: only `excluded` if no query is in the database."""
    return PROTOCOLS if (search.own_rows >= 0).any() else PROTOCOLS[:1]
