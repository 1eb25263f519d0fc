"""Scores of ranked lists against label sets, one number per query and metric.

Every label metric is computed from three integers per pair of images: the number of labels of each
and the number of shared labels (the overlap). Counts over the whole database are those of
`rsir.metrics.label_counts`.
"""

from collections.abc import Sequence

import numpy as np

from rsir.core.errors import InputError
from rsir.metrics.arrays import Bools, Floats, Ints, Scenes, blocks_of_queries, columns_of_rows
from rsir.metrics.label_counts import LabelCounts
from rsir.metrics.label_pairs import (
    accuracy,
    f1,
    hamming_loss,
    jaccard_relevant,
    precision,
    recall,
)
from rsir.metrics.ranked_lists import (
    anmrr_windows,
    average_precision,
    ndcg,
    weighted_average_precision,
)
from rsir.metrics.scene_relevance import SceneRelevance, scene_codes

METRICS = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "hamming_loss",
    "acg",
    "ndcg",
    "wap",
    "map",
    "map_jaccard",
    "anmrr",
)
LOWER_IS_BETTER = ("hamming_loss", "anmrr")
OF_LABEL_SETS = ("recall", "f1", "hamming_loss", "acg", "wap", "map_jaccard")
"""Metrics that mean nothing where each image has one label: there, most of them are `precision`."""

KEPT_RANKS = 256
"""Number of ranks that files keep at least, for curves over the number of images retrieved."""


def ranking_depth(
    cutoffs: Sequence[int],
    database_size: int,
    query_scenes: Scenes | None,
    database_scenes: Scenes | None,
    excluded: int = 1,
) -> int:
    """Return the number of images to rank per query for all metrics under all conditions.

    This is the maximum of the cutoffs and of K of ANMRR, plus the largest number of images that are
    `excluded` for a query, at least one: itself.

    Raises
    ------
    InputError
        If a cutoff exceeds the number of images in the database other than the query.
    """
    depth = max(cutoffs)
    if depth >= database_size:
        raise InputError(
            f"retrieval.cutoffs: {depth} is more than the {database_size - 1} images that a "
            f"database of {database_size} holds besides the query; give smaller cutoffs"
        )
    if query_scenes is not None and database_scenes is not None:
        _, _, same_scene = scene_codes(query_scenes, database_scenes)
        depth = max(depth, int(anmrr_windows(same_scene).max()))
    return min(depth + excluded, database_size)


def kept_depth(cutoffs: Sequence[int], depth: int, excluded: int = 1) -> int:
    """Return how many of the `depth` images ranked per query are kept in files.

    The window of ANMRR grows with the archive, so NMRR is computed while images are ranked.
    """
    return min(depth, max(KEPT_RANKS, *cutoffs) + excluded)


def score_rankings(
    ranked: Ints,
    query_labels: Bools,
    database_labels: Bools,
    query_scenes: Scenes | None,
    database_scenes: Scenes | None,
    excluded: Ints,
    cutoff: int,
    counts: LabelCounts | None = None,
) -> dict[str, Floats]:
    """Score the first `cutoff` images of each ranking by every metric.

    Parameters
    ----------
    ranked
        (Q, depth) rows of the database in rank order, without `excluded`; a ranking that is shorter
        ends with −1. ANMRR uses the first K ranks, independent of the cutoff.
    query_labels, database_labels
        (Q, L) and (D, L).
    query_scenes, database_scenes
        (Q,) and (D,) scene classes, or None.
    excluded
        (Q, E) rows of the database that each query may not retrieve, such as its own, as in
        `rsir.search.protocol.Condition`; −1 for none. Ideal rankings are without them.
    cutoff
        Number of ranks to score.
    counts
        Those of these queries and this database, if they are known.

    Returns
    -------
    dict
        An array (Q,) for each of METRICS. `acg` and `wap` are in labels, the others in [0, 1]. If a
        query shares no label with the database, its `ndcg`, `wap` and `map` are 0. `anmrr` is NaN
        without scenes and for a query whose scene has no other image.

    Raises
    ------
    InputError
        If the rankings are shorter than the cutoff or than ANMRR needs.
    """
    if cutoff > (depth := _shortest(ranked, cutoff)):
        raise InputError(
            f"retrieval.cutoffs: {cutoff} is more than the {depth} images that are ranked; "
            "give smaller cutoffs or rank more images"
        )
    counts = counts or LabelCounts.of(query_labels, database_labels)
    set_sizes, labels = database_labels.sum(axis=1), database_labels.shape[1]
    scores = {metric: np.full(len(ranked), np.nan) for metric in METRICS}
    for block in blocks_of_queries(len(ranked), cutoff * labels):
        of_queries = query_labels[block]
        sizes = of_queries.sum(axis=1)[:, None]
        by_overlap, number_similar = counts.of_queries(block)
        for queries, rows in columns_of_rows(excluded[block]):
            its_shared = (of_queries[queries] & database_labels[rows]).sum(axis=1)
            by_overlap[queries, its_shared] -= 1
            pair = (its_shared, sizes[queries, 0], set_sizes[rows])
            number_similar[queries] -= jaccard_relevant(*pair)
        retrieved = ranked[block, :cutoff]
        shared = (of_queries[:, None] & database_labels[retrieved]).sum(axis=2)
        pair = (shared, sizes, set_sizes[retrieved])
        scores["accuracy"][block] = accuracy(*pair).mean(axis=1)
        scores["precision"][block] = precision(*pair).mean(axis=1)
        scores["recall"][block] = recall(*pair).mean(axis=1)
        scores["f1"][block] = f1(*pair).mean(axis=1)
        scores["hamming_loss"][block] = hamming_loss(*pair, labels=labels).mean(axis=1)
        scores["acg"][block] = shared.mean(axis=1)
        scores["ndcg"][block] = ndcg(shared, by_overlap)
        scores["wap"][block] = weighted_average_precision(shared)
        scores["map"][block] = average_precision(shared > 0, by_overlap[:, 1:].sum(axis=1))
        scores["map_jaccard"][block] = average_precision(jaccard_relevant(*pair), number_similar)
    if query_scenes is not None and database_scenes is not None:
        relevance = SceneRelevance.of(query_scenes, database_scenes, excluded)
        scores["anmrr"] = relevance.nmrr(ranked, np.arange(len(ranked)))
    return scores


def _shortest(ranked: Ints, cutoff: int) -> int:
    """Return the smallest number of images of the rankings (Q, depth), or a cutoff if smaller."""
    first = ranked[:, :cutoff]
    if first.size == 0 or (first[:, -1] >= 0).all():
        return int(first.shape[1])
    return int((first >= 0).sum(axis=1).min())
