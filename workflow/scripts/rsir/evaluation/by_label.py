"""Retrieval scores per label."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rsir.archives.archive_table import label_names
from rsir.evaluation.bounds import repeated_rankings
from rsir.evaluation.methods import METHOD
from rsir.metrics.arrays import Bools, Floats, Ints, blocks_of_queries
from rsir.search.protocol import Search, protocols_of, under_protocol

LABEL_METRICS = ("precision", "recall", "false_alarm")


def label_scores(
    ranked: Ints, query_labels: Bools, database_labels: Bools, left_out: Ints, cutoff: int
) -> dict[str, Floats]:
    """Return the retrieval scores of each label over the first `cutoff` images of each ranking.

    Parameters
    ----------
    ranked
        (Q, depth) rows of the database in rank order.
    query_labels, database_labels
        (Q, L) and (D, L).
    left_out
        (Q,) row of the database that is excluded for each query, −1 if none is.
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
    excluded = database_labels[left_out] & (left_out >= 0)[:, None]
    possible = np.minimum(database_labels.sum(axis=0) - excluded, cutoff)
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
    rankings: Mapping[str, Ints],
    cutoffs: Sequence[int],
    backbone: str,
    labeling: str,
) -> pd.DataFrame:
    """Return the `label_scores` of a model: a row per descriptor, protocol, cutoff and label."""
    query_labels, database_labels, _, _ = search.labels_and_scenes(archive)
    tables = []
    for descriptor, positions in rankings.items():
        for protocol in protocols_of(search):
            ranked, left_out = under_protocol(protocol, positions, search.own_rows)
            for cutoff in cutoffs:
                scores = label_scores(ranked, query_labels, database_labels, left_out, cutoff)
                method = (backbone, labeling, descriptor, protocol, cutoff)
                tables.append(_label_table(method, archive, search, scores))
    return pd.concat(tables, ignore_index=True)


def bound_label_rows(archive: pd.DataFrame, search: Search, cutoffs: Sequence[int]) -> pd.DataFrame:
    """Return the `label_scores` of the bounds, in rows like those of `label_rows`."""
    labels_and_scenes = search.labels_and_scenes(archive)
    query_labels, database_labels, _, _ = labels_and_scenes
    tables = []
    for protocol in protocols_of(search):
        for bound, queries, ranked, left_out in repeated_rankings(
            protocol, cutoffs, *labels_and_scenes, search.own_rows
        ):
            for cutoff in cutoffs:
                scores = label_scores(
                    ranked, query_labels[queries], database_labels, left_out, cutoff
                )
                method = (bound, "", "", protocol, cutoff)
                tables.append(_label_table(method, archive, search, scores))
    return pd.concat(tables, ignore_index=True)


def by_label(rows: pd.DataFrame) -> pd.DataFrame:
    """Average `label_rows` and `bound_label_rows` over seeds.

    The columns are METHOD, `label`, the numbers of `queries` and of `database` images with the
    label, and LABEL_METRICS.
    """
    key = [*METHOD, "label", "queries", "database"]
    return rows.groupby(key, sort=False)[list(LABEL_METRICS)].mean().reset_index()


def _label_table(
    method: tuple[object, ...], archive: pd.DataFrame, search: Search, scores: dict[str, Floats]
) -> pd.DataFrame:
    query_labels, database_labels, _, _ = search.labels_and_scenes(archive)
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
