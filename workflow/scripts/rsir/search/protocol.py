"""Queries, database, and the conditions of a search: what a query may retrieve.

A condition consists of a protocol (whether a query may retrieve itself) and of a treatment of near
duplicates. Both are expressed by the rows of the database that each query may not retrieve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.archive_table import has_scenes, label_matrix
from rsir.archives.duplicates_table import duplicate_pairs, read_duplicates
from rsir.archives.split_file import read_split
from rsir.core.errors import InputError
from rsir.metrics.arrays import Bools, Ints, Scenes, columns_of_rows

PROTOCOLS = ("excluded", "included")

KEPT, REMOVED, SAME_QUERIES = "kept", "removed", "kept, same queries"
DUPLICATES = (KEPT, REMOVED, SAME_QUERIES)

Ranking = tuple[np.ndarray, np.ndarray]
"""Ranked positions in the database, int32 (Q, depth), and their similarities, float32."""

Rankings = Ints | Mapping[str, Ints]
"""Rankings (Q, depth) of all queries; those of each `Condition.key` where they differ."""

MOST_DUPLICATES = 200
"""The number of near duplicates up to which a query is scored without them.

All rankings are as much deeper. Images with more, such as blank ones, say little as queries.
"""


def _no_pairs() -> Ints:
    return np.empty((0, 2), dtype=np.int64)


def _no_places() -> Ints:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Search:
    """The queries and the database of a search, as rows of the archive, and near duplicates.

    Attributes
    ----------
    queries, database : ndarray
        (Q,) and (D,) rows of the archive.
    duplicates : ndarray
        (P, 2) a query, by its place in `queries`, and the position in `database` of a near
        duplicate of it, sorted.
    trained : ndarray
        Places of the queries that have a near duplicate among the training images, sorted.
    """

    queries: Ints
    database: Ints
    duplicates: Ints = field(default_factory=_no_pairs)
    trained: Ints = field(default_factory=_no_places)

    @property
    def own_rows(self) -> Ints:
        """Return the position of each query in the database, −1 if it is not in the database."""
        return _places(self.database, max(self.queries.max(), self.database.max()))[self.queries]

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


@dataclass(frozen=True)
class Condition:
    """The queries that are scored, and what they may not retrieve.

    Attributes
    ----------
    query : str
        One of PROTOCOLS: under `excluded` a query never retrieves itself, under `included` it may.
    duplicates : str
        One of DUPLICATES: `kept`; `removed`, where a query does not retrieve its near duplicates,
        and queries with a near duplicate among the training images are left out; or
        `kept, same queries`, where duplicates are kept and the same queries are left out.
    counted : ndarray
        (C,) places, in the queries of the search, of the queries that are scored.
    excluded : ndarray
        (C, E) rows of the database that each of them may not retrieve; the last are −1 where there
        are fewer than E.
    """

    query: str
    duplicates: str
    counted: Ints
    excluded: Ints

    @property
    def key(self) -> str:
        """Return the name of what queries may not retrieve, whichever of them are scored."""
        return f"{self.query}, {REMOVED if self.duplicates == REMOVED else KEPT}"

    def of(self, rankings: Rankings) -> Ints:
        """Return the rankings of the counted queries, of rankings (Q, depth) of all queries."""
        ranked = rankings[self.key] if isinstance(rankings, Mapping) else rankings
        return without(ranked[self.counted], self.excluded)


def without(ranked: Ints, excluded: Ints) -> Ints:
    """Remove the excluded rows from rankings.

    Parameters
    ----------
    ranked
        (Q, depth) rows of the database in rank order.
    excluded
        (Q, E) rows to remove, −1 for none.

    Returns
    -------
    ndarray
        (Q, W), where W is the depth less the smallest number of rows that are excluded for a query.
        A ranking that is shorter ends with −1. A query that is ranked below `depth` loses the last
        rank instead, so that W does not depend on the rankings.
    """
    if excluded.shape[1] == 0:
        return ranked
    width = ranked.shape[1] - int((excluded >= 0).sum(axis=1).min(initial=excluded.shape[1]))
    kept = ranked != excluded[:, :1]
    for queries, rows in columns_of_rows(excluded[:, 1:]):
        kept[queries] &= ranked[queries] != rows[:, None]
    numbers = kept.sum(axis=1)
    longer = np.flatnonzero(numbers > width)
    kept[longer] &= np.cumsum(kept[longer], axis=1) <= width
    if (numbers >= width).all():
        whole: Ints = ranked[kept].reshape(len(ranked), width)
        return whole
    others = np.full((len(ranked), width), -1, dtype=ranked.dtype)
    others[np.arange(width) < numbers[:, None]] = ranked[kept]
    return others


def search_conditions(search: Search, cutoffs: Sequence[int]) -> list[Condition]:
    """Return the conditions under which a search is scored, `kept` first for each protocol.

    If no query is in the database, the only protocol is `excluded`. If near duplicates concern no
    query, they are only `kept`. Under `removed`, queries are left out, too, that have more than
    MOST_DUPLICATES near duplicates in the database, or fewer images left to retrieve than the
    largest cutoff; if none remains, duplicates are only `kept`.
    """
    own = search.own_rows[:, None]
    nothing = own[:, :0]
    itself = dict(zip(PROTOCOLS, (own, nothing), strict=True))
    if (own < 0).all():
        itself = {PROTOCOLS[0]: nothing}
    everyone = np.arange(len(search.queries))
    numbers = np.bincount(search.duplicates[:, 0], minlength=len(everyone))
    available = len(search.database) - (own[:, 0] >= 0) - numbers
    remains = (numbers <= MOST_DUPLICATES) & (available >= max(cutoffs))
    remains[search.trained] = False
    remaining = np.flatnonzero(remains)
    near = _padded(search.duplicates[remains[search.duplicates[:, 0]]], len(everyone))[remaining]
    concerned = len(search.duplicates) + len(search.trained) > 0 and len(remaining) > 0
    conditions = []
    for protocol, rows in itself.items():
        conditions.append(Condition(protocol, KEPT, everyone, rows))
        if concerned:
            without_duplicates = np.hstack([rows[remaining], near])
            conditions.append(Condition(protocol, REMOVED, remaining, without_duplicates))
            conditions.append(Condition(protocol, SAME_QUERIES, remaining, rows[remaining]))
    return conditions


def headline_condition(search: Search) -> Condition:
    """Return the condition that reports quote: query excluded, duplicates kept."""
    return search_conditions(search, [1])[0]


def most_excluded(conditions: Sequence[Condition]) -> int:
    """Return the largest number of images that a query may not retrieve, at least itself."""
    numbers: list[int] = [condition.excluded.shape[1] for condition in conditions]
    return max(1, *numbers)


def find_search(
    subset: NDArray[np.str_], database: str, pairs: Ints | None = None, query_subset: str = "test"
) -> Search:
    """Return the search of every image of a subset in the subset `database`.

    Parameters
    ----------
    subset
        (N,) subset of each image.
    database
        `test`, `train`, `validation`, or `all` for the whole archive.
    pairs
        (P, 2) rows of the archive that are near duplicates.
    query_subset
        Subset of the queries: `test` or `validation`.

    Raises
    ------
    InputError
        If there is no query, or the database has fewer than two images.
    """
    rows = np.flatnonzero((subset == database) | (database == "all"))
    if len(rows) < 2:
        raise InputError(f"retrieval.database: {database} has {len(rows)} images; two are needed")
    queries = np.flatnonzero(subset == query_subset)
    if len(queries) == 0:
        raise InputError(
            f"retrieval.queries: the split has no {query_subset} images; "
            f"set split.{query_subset}_fraction"
        )
    if pairs is None:
        return Search(queries, rows)
    images, others = np.concatenate([pairs, pairs[:, ::-1]]).T
    query, position = (_places(of, len(subset) - 1) for of in (queries, rows))
    neighbours = np.column_stack([query[images], position[others]])
    in_training = (query[images] >= 0) & (subset[others] == "train")
    return Search(
        queries,
        rows,
        np.unique(neighbours[(neighbours >= 0).all(axis=1)], axis=0),
        np.unique(query[images[in_training]]),
    )


def read_search(
    archive: pd.DataFrame,
    split: Path,
    database: str,
    queries: str,
    duplicates: Path | None = None,
) -> Search:
    """Read the search of every image of the subset `queries` in the subset `database`.

    `duplicates` is the table of near duplicates, or None to leave them out of consideration.

    Raises
    ------
    InputError
        If a file cannot be read, there is no query, or the database has fewer than two images.
    """
    images = list(archive["image"])
    pairs = duplicate_pairs(read_duplicates(duplicates, images), images) if duplicates else None
    return find_search(read_split(split, archive), database, pairs, queries)


def _places(rows: Ints, last: int) -> Ints:
    """Return the place of each of 0, …, `last` in `rows`, −1 where it is not among them."""
    places = np.full(last + 1, -1)
    places[rows] = np.arange(len(rows))
    return places


def _padded(pairs: Ints, queries: int) -> Ints:
    """Return the second elements of pairs (P, 2), sorted, in a row per first element."""
    first, second = pairs.T
    numbers = np.bincount(first, minlength=queries)
    columns = np.arange(len(pairs)) - (np.cumsum(numbers) - numbers)[first]
    padded = np.full((queries, numbers.max(initial=0)), -1)
    padded[first, columns] = second
    return padded
