"""What approximate indexes retrieve and cost, compared with exact search."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from rsir.evaluation.methods import EXACT, METHOD
from rsir.metrics.arrays import Bools, Ints, blocks_of_queries
from rsir.metrics.label_pairs import accuracy
from rsir.search.exact import rank
from rsir.search.indexes import build_index, index_bytes, search_index, settings, unit_vectors
from rsir.search.protocol import Search, headline_condition, without
from rsir.search.stored_index import StoredIndex, rank_by_index

MEASURES = ["recall", "accuracy", "queries_per_second", "build_seconds", "mib", "bytes_per_image"]
INDEX_COLUMNS = [*METHOD[:3], "seed", *METHOD[3:], "index", "setting", *MEASURES]

LARGE = 100_000
"""Number of images from which an index of the archive is stored for queries by example."""

SUFFICIENT_RECALL = 0.95
MEASURED_QUERIES = 200

LEAST_SECONDS = 0.2  # a shorter search is repeated, and the fastest one counts

Value = TypeVar("Value")


def index_rows(
    descriptors: np.ndarray,
    search: Search,
    labels: tuple[Bools, Bools],
    indexes: Sequence[str],
    cutoffs: Sequence[int],
) -> Iterator[dict[str, Any]]:
    """Yield the measures of exact search and of each setting of each index, per cutoff.

    All queries are searched at once, by the threads of torch and faiss. Queries are excluded from
    what they retrieve, near duplicates are kept.

    Parameters
    ----------
    descriptors
        One row per image of the archive, float32 N×D.
    search
        Queries and database.
    labels
        Of the queries (Q, L), and of the database (M, L).
    indexes
        Names in `rsir.search.indexes.INDEXES`.
    cutoffs
        Numbers of retrieved images.

    Raises
    ------
    InputError
        If the database is too small for an index.
    """
    own = headline_condition(search).excluded
    depth = min(max(cutoffs) + 1, len(search.database))
    unit = unit_vectors(descriptors)
    vectors, queries = unit[search.database], unit[search.queries]

    def of_ranking(name: str, ranked: Ints, **measures: Any) -> Iterator[dict[str, Any]]:
        ranked = without(ranked, own)
        for cutoff in cutoffs:
            yield {
                "k": cutoff,
                "index": name,
                "recall": recall_of_neighbours(ranked[:, :cutoff], reference[:, :cutoff]),
                "accuracy": mean_accuracy(ranked[:, :cutoff], *labels),
                **measures,
            }

    (exact, _), seconds = timed(partial(rank, descriptors, search.queries, search.database, depth))
    reference = without(exact, own)
    size = {"mib": vectors.nbytes / 2**20, "bytes_per_image": vectors.nbytes / len(vectors)}
    speed = {"queries_per_second": len(queries) / seconds}
    yield from of_ranking(EXACT, exact, setting="", build_seconds=0.0, **speed, **size)
    for name in indexes:
        start = time.perf_counter()
        index, overhead = build_index(name, vectors)
        built = time.perf_counter() - start
        total = index_bytes(index)
        size = {"mib": total / 2**20, "bytes_per_image": (total - overhead) / len(vectors)}
        for setting in settings(name, index):
            ranked, seconds = timed(partial(search_index, index, queries, depth))
            speed = {"queries_per_second": len(queries) / seconds}
            yield from of_ranking(
                name, ranked, setting=setting, build_seconds=built, **speed, **size
            )


def index_for_queries(kind: str, descriptors: np.ndarray, cutoff: int) -> StoredIndex:
    """Build an index of all images of an archive, with the least effort that is good enough.

    Its recall is measured by `MEASURED_QUERIES` images of the archive as queries, each of which is
    excluded from its own hits; it is at least `SUFFICIENT_RECALL` if a setting reaches that.

    Parameters
    ----------
    kind
        A key of `rsir.search.indexes.INDEXES`.
    descriptors
        One row per image of the archive, float32 N×D.
    cutoff
        Number of retrieved images.

    Raises
    ------
    InputError
        If there are too few images for the index.
    """
    index, _ = build_index(kind, unit_vectors(descriptors))
    everyone = np.arange(len(descriptors))
    queries = everyone[:: -(-len(everyone) // MEASURED_QUERIES)]
    depth = min(cutoff + 1, len(everyone))
    reference = without(rank(descriptors, queries, everyone, depth)[0], queries[:, None])
    for setting in settings(kind, index):
        ranked, _ = rank_by_index(index, descriptors, descriptors[queries], depth)
        recall = recall_of_neighbours(without(ranked, queries[:, None]), reference)
        measured = StoredIndex(index, kind, setting, recall, cutoff)
        if recall >= SUFFICIENT_RECALL:
            break
    return measured


def recall_of_neighbours(ranked: Ints, reference: Ints) -> float:
    """Return the mean fraction of the nearest neighbours that are among those retrieved.

    Parameters
    ----------
    ranked
        (Q, k) rows of the database, −1 where fewer are retrieved.
    reference
        (Q, k) rows that exact search retrieves.
    """
    retrieved = (of_query.size for of_query in map(np.intersect1d, ranked, reference))
    return sum(retrieved) / reference.size


def mean_accuracy(ranked: Ints, query_labels: Bools, database_labels: Bools) -> float:
    """Return the mean Jaccard index of the retrieved images (Q, k); 0 for −1, none retrieved."""
    total = 0.0
    for block in blocks_of_queries(len(ranked), ranked.shape[1] * query_labels.shape[1]):
        of_queries, of_hits = query_labels[block, None], database_labels[ranked[block]]
        overlap = (of_queries & of_hits).sum(axis=2)
        values = accuracy(overlap, of_queries.sum(axis=2), of_hits.sum(axis=2))
        total += float(values[ranked[block] >= 0].sum())
    return total / ranked.size


def timed(search: Callable[[], Value]) -> tuple[Value, float]:
    """Return the result of a search, and the seconds of the fastest of its repetitions."""
    seconds: list[float] = []
    while sum(seconds) < LEAST_SECONDS:
        start = time.perf_counter()
        result = search()
        seconds.append(time.perf_counter() - start)
    return result, min(seconds)


def index_table(
    rows: Sequence[dict[str, Any]],
    backbone: str,
    labeling: str,
    seed: int | None,
    trained_on: str | None,
) -> pd.DataFrame:
    """Return rows of `index_rows`, each with its `descriptor`, as a table of a model."""
    condition = {"query": "excluded", "duplicates": "kept"}
    model = {"backbone": backbone, "labeling": labeling, "trained_on": trained_on or ""}
    method = {**model, "seed": seed, **condition}
    return pd.DataFrame([method | row for row in rows], columns=INDEX_COLUMNS)
