"""Retrieval scores per label."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rsir.archives.archive_table import label_names
from rsir.evaluation.bounds import repeated_rankings
from rsir.evaluation.methods import METHOD
from rsir.metrics.arrays import Bools, Floats, Ints, blocks_of_queries, columns_of_rows
from rsir.search.protocol import Rankings, Search, search_conditions

LABEL_METRICS = ("precision", "recall", "false_alarm")


def label_scores(
    ranked: Ints, query_labels: Bools, database_labels: Bools, excluded: Ints, cutoff: int
) -> dict[str, Floats]:
    """Return the retrieval scores of each label over the first `cutoff` images of each ranking.

    Parameters
    ----------
    ranked
        (Q, depth) rows of the database in rank order.
    query_labels, database_labels
        (Q, L) and (D, L).
    excluded
        (Q, E) rows of the database that each query may not retrieve, −1 for none.
    cutoff
        Number of ranks that are evaluated.

    Returns
    -------
    dict
        Three arrays (L,), means over queries, NaN where no query counts. Over the queries with the
        label: `precision`, the share of retrieved images with the label, and `recall`, the number
        of retrieved images with the label divided by the largest possible number, which is that
        of the database or `cutoff`, if smaller. Over the queries without the label:
        `false_alarm`, the share of retrieved images with the label.
    """
    hits = np.empty(query_labels.shape, dtype=np.int64)
    for block in blocks_of_queries(len(ranked), cutoff * query_labels.shape[1]):
        hits[block] = database_labels[ranked[block, :cutoff]].sum(axis=1)
    available = np.tile(database_labels.sum(axis=0), (len(ranked), 1))
    for queries, rows in columns_of_rows(excluded):
        available[queries] -= database_labels[rows]
    possible = np.minimum(available, cutoff)
    share = hits / cutoff
    with np.errstate(invalid="ignore"):  # a label of which the query is the only image
        recall = hits / possible
    return {
        "precision": _mean(share, query_labels),
        "recall": _mean(recall, query_labels & (possible > 0)),
        "false_alarm": _mean(share, ~query_labels),
    }


def label_rows(
    archive: pd.DataFrame,
    search: Search,
    rankings: Mapping[str, Rankings],
    cutoffs: Sequence[int],
    backbone: str,
    labeling: str,
    trained_on: str = "",
) -> pd.DataFrame:
    """Return the `label_scores` of a model: a row per descriptor, condition, cutoff and label."""
    query_labels, database_labels, _, _ = search.labels_and_scenes(archive)
    tables = []
    for descriptor, positions in rankings.items():
        for condition in search_conditions(search, cutoffs):
            ranked, of_queries = condition.of(positions), query_labels[condition.counted]
            for cutoff in cutoffs:
                known = of_queries, database_labels, condition.excluded
                scores = label_scores(ranked, *known, cutoff)
                setting = (condition.query, condition.duplicates, cutoff)
                method = (backbone, labeling, trained_on, descriptor, *setting)
                tables.append(_label_table(method, archive, of_queries, database_labels, scores))
    return pd.concat(tables, ignore_index=True)


def bound_label_rows(archive: pd.DataFrame, search: Search, cutoffs: Sequence[int]) -> pd.DataFrame:
    """Return the `label_scores` of the bounds, in rows like those of `label_rows`."""
    labels_and_scenes = search.labels_and_scenes(archive)
    query_labels, database_labels, _, _ = labels_and_scenes
    conditions = search_conditions(search, cutoffs)
    tables: list[list[pd.DataFrame]] = [[] for _ in conditions]
    for bound, number, queries, ranked, excluded, _ in repeated_rankings(
        conditions, cutoffs, *labels_and_scenes, search.own_rows
    ):
        condition = conditions[number]
        of_queries = query_labels[condition.counted]
        for cutoff in cutoffs:
            scores = label_scores(ranked, query_labels[queries], database_labels, excluded, cutoff)
            method = (bound, "", "", "", condition.query, condition.duplicates, cutoff)
            tables[number].append(
                _label_table(method, archive, of_queries, database_labels, scores)
            )
    return pd.concat([table for of_one in tables for table in of_one], ignore_index=True)


def by_label(rows: pd.DataFrame) -> pd.DataFrame:
    """Average `label_rows` and `bound_label_rows` over seeds.

    The columns are METHOD, `label`, the numbers of `queries` and of `database` images with the
    label, and LABEL_METRICS.
    """
    key = [*METHOD, "label", "queries", "database"]
    return rows.groupby(key, sort=False)[list(LABEL_METRICS)].mean().reset_index()


def _label_table(
    method: tuple[object, ...],
    archive: pd.DataFrame,
    query_labels: Bools,
    database_labels: Bools,
    scores: dict[str, Floats],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **dict(zip(METHOD, method, strict=True)),
            "label": label_names(archive),
            "queries": query_labels.sum(axis=0),
            "database": database_labels.sum(axis=0),
            **scores,
        }
    )


def _mean(values: Floats, counted: Bools) -> Floats:
    """Return the mean (L,) of values (Q, L) over the rows that are `counted` (Q, L)."""
    total = np.where(counted, values, 0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean: Floats = total / counted.sum(axis=0)
    return mean
