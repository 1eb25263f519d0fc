"""How well each label is retrieved."""

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
    """Tell how well each label is retrieved among the first `cutoff` images of each ranking.

    Parameters
    ----------
    ranked
        (Q, depth) rows of the database in rank order.
    query_labels, database_labels
        (Q, L) and (D, L).
    left_out
        (Q,) the row of the database that a query cannot find, −1 where there is none.
    cutoff
        Number of ranks that are looked at.

    Returns
    -------
    dict
        Three arrays (L,), means over queries, NaN where none counts. Over the queries that have the
        label: `precision`, the share of the retrieved that has it, and `recall`, how many have it
        of those that could, which are all in the database or `cutoff` if there are more. Over the
        queries that have it not: `false_alarm`, the share of the retrieved that has it.
    """
    found = np.empty(query_labels.shape, dtype=np.int64)
    for block in blocks_of_queries(len(ranked), cutoff * query_labels.shape[1]):
        found[block] = database_labels[ranked[block, :cutoff]].sum(axis=1)
    own = database_labels[left_out] & (left_out >= 0)[:, None]
    could = np.minimum(database_labels.sum(axis=0) - own, cutoff)
    share = found / cutoff
    with np.errstate(invalid="ignore"):  # a label of which the query is the only image
        recall = found / could
    return {
        "precision": _mean(share, query_labels),
        "recall": _mean(recall, query_labels & (could > 0)),
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
        for bound, asked, ranked, left_out in repeated_rankings(
            protocol, cutoffs, *labels_and_scenes, search.own_rows
        ):
            for cutoff in cutoffs:
                scores = label_scores(
                    ranked, query_labels[asked], database_labels, left_out, cutoff
                )
                method = (bound, "", "", protocol, cutoff)
                tables.append(_label_table(method, archive, search, scores))
    return pd.concat(tables, ignore_index=True)


def by_label(rows: pd.DataFrame) -> pd.DataFrame:
    """Average `label_rows` and `bound_label_rows` over seeds.

    The result has the columns of METHOD, `label`, the numbers of `queries` and of `database` images
    that have it, and LABEL_METRICS.
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
    """Return the mean (L,) over the rows that count of values (Q, L)."""
    total = np.where(counted, values, 0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean: Floats = total / counted.sum(axis=0)
    return mean
