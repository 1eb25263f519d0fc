"""Metrics that other papers report, by the names of their protocols.

A protocol is an entry of `PROTOCOLS`, whose function scores a block of queries; what it sets in the
configuration is in `workflow/rules/protocols.smk`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rsir.core.errors import InputError
from rsir.evaluation.methods import METHOD
from rsir.metrics.arrays import Bools, Floats, Ints, blocks_of_queries
from rsir.metrics.label_pairs import accuracy, label_overlap
from rsir.metrics.ranked_lists import average_precision, weighted_average_precision
from rsir.metrics.whole_rankings import (
    ndcg_of_list,
    trapezoidal_average_precision,
    whole_average_precision,
)
from rsir.search.protocol import Search, headline_condition, without

JACCARD_LEVELS = (0.6, 0.4, 0.2)
"""The levels of Imbriaco et al.; relevant is what is above a level."""


@dataclass(frozen=True)
class WholeRankings:
    """What queries retrieve from the whole database, themselves excluded, best first.

    Attributes
    ----------
    overlap
        (Q, D) number of shared labels.
    jaccard
        (Q, D) Jaccard index of the label sets.
    same_scene
        (Q, D) whether the scene is that of the query; None for an archive without scenes.
    """

    overlap: Ints
    jaccard: Floats
    same_scene: Bools | None


Scores = Iterator[tuple[str, int, Floats]]
"""The name of a metric, its cutoff, and the scores of the queries."""

Rank = Callable[[Ints], Ints]
"""Ranks the whole database for queries (Q,), rows of the archive: its positions (Q, D)."""


def single_label(ranked: WholeRankings, cutoffs: Sequence[int]) -> Scores:
    """Score as is usual for archives with a scene per image: relevant is the same scene."""
    if ranked.same_scene is None:
        raise InputError("config: protocol: single_label needs scenes; the archive has none")
    yield "map_scene", ranked.same_scene.shape[1], whole_average_precision(ranked.same_scene)
    for cutoff in cutoffs:
        yield "precision_scene", cutoff, ranked.same_scene[:, :cutoff].mean(axis=1)


def oml2021(ranked: WholeRankings, cutoffs: Sequence[int]) -> Scores:
    """Score as Imbriaco et al., Toward multilabel image retrieval for remote sensing, 2021."""
    for level in JACCARD_LEVELS:
        relevant = ranked.jaccard > level
        name = f"map_jaccard_{level:g}"
        yield name, relevant.shape[1], trapezoidal_average_precision(relevant)
    for cutoff in cutoffs:
        overlap = ranked.overlap[:, :cutoff]
        yield "ndcg_of_list", cutoff, ndcg_of_list(overlap)
        yield "acg", cutoff, overlap.mean(axis=1)
        yield "wap", cutoff, weighted_average_precision(overlap)


def ibm2024(ranked: WholeRankings, cutoffs: Sequence[int]) -> Scores:
    """Score as IBM/remote-sensing-image-retrieval: relevant by any shared label, or by all."""
    for cutoff in cutoffs:
        for name, relevant in (
            ("map_any_label", ranked.overlap > 0),
            ("map_equal_labels", ranked.jaccard == 1),
        ):
            number = relevant.sum(axis=1)
            yield name, cutoff, average_precision(relevant[:, :cutoff], number)


PROTOCOLS: Mapping[str, Callable[[WholeRankings, Sequence[int]], Scores]] = {
    "single_label": single_label,
    "oml2021": oml2021,
    "ibm2024": ibm2024,
}


def published_scores(
    protocol: str, archive: pd.DataFrame, search: Search, rank: Rank, cutoffs: Sequence[int]
) -> dict[tuple[str, int], Floats]:
    """Score all queries by the metrics of a protocol, a block of queries at a time.

    The query is excluded from what it retrieves, near duplicates are kept.

    Returns
    -------
    dict
        The scores (Q,) by metric and cutoff, which is the number of ranked images for a metric of
        the whole ranking.
    """
    query_labels, database_labels, query_scenes, database_scenes = search.labels_and_scenes(archive)
    excluded = headline_condition(search).excluded
    sizes = database_labels.sum(axis=1)
    parts: dict[tuple[str, int], list[Floats]] = {}
    for block in blocks_of_queries(len(search.queries), len(search.database)):
        ranked = without(rank(search.queries[block]), excluded[block])
        overlap = np.take_along_axis(
            label_overlap(query_labels[block], database_labels), ranked, axis=1
        )
        own_sizes = query_labels[block].sum(axis=1)[:, None]
        same_scene = None
        if query_scenes is not None and database_scenes is not None:
            same_scene = database_scenes[ranked] == query_scenes[block, None]
        jaccard = accuracy(overlap, own_sizes, sizes[ranked])
        whole = WholeRankings(overlap, jaccard, same_scene)
        for metric, cutoff, scores in PROTOCOLS[protocol](whole, cutoffs):
            parts.setdefault((metric, cutoff), []).append(scores)
    return {key: np.concatenate(blocks) for key, blocks in parts.items()}


def published_rows(
    model: Mapping[str, str], descriptor: str, scores: Mapping[tuple[str, int], Floats]
) -> list[dict[str, object]]:
    """Return a row per metric and cutoff: METHOD, `metric`, the mean `value`, and `queries`.

    Queries without a score, for lack of a relevant image, are left out of mean and number.
    """
    condition = {"query": "excluded", "duplicates": "kept"}
    return [
        {
            **model,
            "descriptor": descriptor,
            **condition,
            "k": cutoff,
            "metric": metric,
            "value": np.nan if np.isnan(values).all() else float(np.nanmean(values)),
            "queries": int((~np.isnan(values)).sum()),
        }
        for (metric, cutoff), values in scores.items()
    ]


def published_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Average `published_rows` of several seeds."""
    key = [*METHOD, "metric"]
    means = rows.groupby(key, sort=False)
    table = means[["value"]].mean()
    table["queries"], table["seeds"] = means["queries"].first(), means.size()
    return table.reset_index()
