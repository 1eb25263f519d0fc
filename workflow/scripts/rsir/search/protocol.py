"""Who searches what: queries, database, and whether a query may find itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rsir.archives.archive_table import has_scenes, label_matrix
from rsir.core.errors import InputError
from rsir.metrics.arrays import Bools, Ints, Scenes

PROTOCOLS = ("excluded", "included")


def under_protocol(protocol: str, ranked: Ints, own_rows: Ints) -> tuple[Ints, Ints]:
    """Return the rankings under a protocol, and the rows (Q,) that it leaves out of the database.

    A query never finds itself when `excluded`, and may when `included`. `ranked` (Q, depth) holds
    rows of the database, the query's own among them; `own_rows` (Q,) is −1 for a query outside it.
    """
    if protocol == "excluded" and (own_rows >= 0).any():
        return without_query(ranked, own_rows), own_rows
    return ranked, np.full_like(own_rows, -1)


def without_query(ranked: Ints, own_rows: Ints) -> Ints:
    """Drop each query's own row from its ranking, or the last row where it does not occur.

    `ranked` is (Q, depth) and `own_rows` (Q,); the result is (Q, depth − 1).
    """
    own = ranked == own_rows[:, None]
    own[~own.any(axis=1), -1] = True
    others: Ints = ranked[~own].reshape(len(ranked), -1)
    return others


@dataclass(frozen=True)
class Search:
    """Which images ask and which are searched, as rows of the archive."""

    queries: Ints
    database: Ints

    @property
    def own_rows(self) -> Ints:
        """Return the place of each query in the database, −1 where it is not in it."""
        places = {row: place for place, row in enumerate(self.database)}
        return np.array([places.get(row, -1) for row in self.queries])

    def labels_and_scenes(
        self, archive: pd.DataFrame
    ) -> tuple[Bools, Bools, Scenes | None, Scenes | None]:
        """Return the labels of queries and database, then their scenes, None without scenes."""
        labels, scenes = label_matrix(archive), archive["scene"].to_numpy(str)
        known = has_scenes(archive)
        return (
            labels[self.queries],
            labels[self.database],
            scenes[self.queries] if known else None,
            scenes[self.database] if known else None,
        )


def find_search(subset: np.ndarray, database: str) -> Search:
    """Let each test image search the images of `database`: `test`, `train`, or `all`.

    Raises
    ------
    InputError
        If there is nothing to search.
    """
    searched = np.flatnonzero((subset == database) | (database == "all"))
    if len(searched) < 2:
        raise InputError(
            f"retrieval.database: {database} has {len(searched)} images; two are needed"
        )
    return Search(np.flatnonzero(subset == "test"), searched)


def protocols_of(search: Search) -> Sequence[str]:
    """Return the protocols of a search: where no query is in the database there is one."""
    return PROTOCOLS if (search.own_rows >= 0).any() else PROTOCOLS[:1]
