"""Scores of ranked lists against label sets, one number per query and metric.

A pair of images is compared by three integers: the labels that both have (the overlap), and the
labels that each has. Everything else follows from these. What a query could have found in the whole
database is counted over the distinct label sets of the database with their multiplicities, a block
of queries at a time, so memory does not grow with queries × database.
"""

from collections.abc import Sequence

import numpy as np

from rsir.core.errors import InputError
from rsir.metrics.arrays import Bools, Floats, Ints, Scenes, blocks_of_queries
from rsir.metrics.label_pairs import (
    accuracy,
    f1,
    hamming_loss,
    jaccard_relevant,
    label_overlap,
    precision,
    recall,
)
from rsir.metrics.ranked_lists import (
    anmrr_windows,
    average_precision,
    ndcg,
    nmrr,
    weighted_average_precision,
)

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


# All queries.


def ranking_depth(
    cutoffs: Sequence[int],
    database_size: int,
    query_scenes: Scenes | None,
    database_scenes: Scenes | None,
) -> int:
    """Return how many images to rank per query, so that every metric can be had in both protocols.

    That is the largest cutoff or the largest K of ANMRR, and one more for the query itself.

    Raises
    ------
    InputError
        If a cutoff is larger than what is left of the database without the query.
    """
    deepest = max(cutoffs)
    if deepest >= database_size:
        raise InputError(
            f"retrieval.cutoffs: {deepest} is more than the {database_size - 1} images that a "
            f"database of {database_size} holds besides the query; give smaller cutoffs"
        )
    if query_scenes is not None and database_scenes is not None:
        _, _, same_scene = _scene_codes(query_scenes, database_scenes)
        deepest = max(deepest, int(anmrr_windows(same_scene).max()))
    return min(deepest + 1, database_size)


def score_rankings(
    ranked: Ints,
    query_labels: Bools,
    database_labels: Bools,
    query_scenes: Scenes | None,
    database_scenes: Scenes | None,
    own_rows: Ints,
    cutoff: int,
) -> dict[str, Floats]:
    """Score the first `cutoff` images of each ranking by every metric.

    Parameters
    ----------
    ranked
        (Q, depth) rows of the database in rank order, without `own_rows`. ANMRR looks at K ranks
        whatever the cutoff.
    query_labels, database_labels
        (Q, L) and (D, L).
    query_scenes, database_scenes
        (Q,) and (D,) scene classes, or None.
    own_rows
        (Q,) the row of the database that is left out of what the query could find: its own in the
        protocol `excluded`. −1 where nothing is left out.
    cutoff
        Number of ranks that are scored.

    Returns
    -------
    dict
        An array (Q,) for each of METRICS. `acg` and `wap` are in labels, the others in [0, 1]. A
        query that shares no label with the database has `ndcg`, `wap` and `map` 0. `anmrr` is NaN
        without scenes and for a query whose scene has no other image.

    Raises
    ------
    InputError
        If the rankings are not as deep as the cutoff or as ANMRR needs.
    """
    depth = ranked.shape[1]
    if cutoff > depth:
        raise InputError(
            f"retrieval.cutoffs: {cutoff} is more than the {depth} images that are ranked; "
            "give smaller cutoffs or rank more images"
        )
    sets, set_of_row, multiplicity = _distinct_label_sets(database_labels)
    set_sizes = sets.sum(axis=1)
    scores = {metric: np.full(len(ranked), np.nan) for metric in METRICS}
    for block in blocks_of_queries(len(ranked), max(len(sets), cutoff)):
        overlap = label_overlap(query_labels[block], sets)
        sizes = query_labels[block].sum(axis=1)[:, None]
        similar = jaccard_relevant(overlap, sizes, set_sizes)

        own = own_rows[block]
        left_out = np.flatnonzero(own >= 0)
        own_sets = set_of_row[own[left_out]]
        counts = _count_by_overlap(overlap, multiplicity)
        counts[left_out, overlap[left_out, own_sets]] -= 1
        number_similar = similar @ multiplicity
        number_similar[left_out] -= similar[left_out, own_sets]

        retrieved = set_of_row[ranked[block, :cutoff]]
        shared = np.take_along_axis(overlap, retrieved, axis=1)
        pair = (shared, sizes, set_sizes[retrieved])
        scores["accuracy"][block] = accuracy(*pair).mean(axis=1)
        scores["precision"][block] = precision(*pair).mean(axis=1)
        scores["recall"][block] = recall(*pair).mean(axis=1)
        scores["f1"][block] = f1(*pair).mean(axis=1)
        scores["hamming_loss"][block] = hamming_loss(*pair, labels=sets.shape[1]).mean(axis=1)
        scores["acg"][block] = shared.mean(axis=1)
        scores["ndcg"][block] = ndcg(shared, counts)
        scores["wap"][block] = weighted_average_precision(shared)
        scores["map"][block] = average_precision(shared > 0, counts[:, 1:].sum(axis=1))
        scores["map_jaccard"][block] = average_precision(jaccard_relevant(*pair), number_similar)
    if query_scenes is not None and database_scenes is not None:
        scores["anmrr"] = _scene_nmrr(ranked, query_scenes, database_scenes, own_rows)
    return scores


def _scene_nmrr(
    ranked: Ints, query_scenes: Scenes, database_scenes: Scenes, own_rows: Ints
) -> Floats:
    """Return the NMRR (Q,) of rankings, where relevant is an image of the query's scene."""
    query_codes, database_codes, same_scene = _scene_codes(query_scenes, database_scenes)
    own_counted = (own_rows >= 0) & (database_codes[own_rows] == query_codes)
    number_relevant = same_scene - own_counted
    window = anmrr_windows(number_relevant)
    depth = ranked.shape[1]
    if depth < min(window.max(), len(database_codes) - 1):
        raise InputError(
            f"rankings: {depth} images deep, and ANMRR needs {window.max()}; rank more images"
        )
    scores = np.empty(len(ranked))
    for block in blocks_of_queries(len(ranked), depth):
        relevant = database_codes[ranked[block]] == query_codes[block, None]
        scores[block] = nmrr(relevant, number_relevant[block], window[block])
    return scores


def _scene_codes(query_scenes: Scenes, database_scenes: Scenes) -> tuple[Ints, Ints, Ints]:
    """Return whole numbers for the scenes (Q,) and (D,), and how many are of each query's (Q,)."""
    _, codes = np.unique(np.concatenate([query_scenes, database_scenes]), return_inverse=True)
    query_codes, database_codes = np.split(codes, [len(query_scenes)])
    return (
        query_codes,
        database_codes,
        np.bincount(database_codes, minlength=len(codes))[query_codes],
    )


def _distinct_label_sets(labels: Bools) -> tuple[Bools, Ints, Ints]:
    """Return the distinct rows (U, L) of labels (D, L), the one of each row, and their counts."""
    _, first, set_of_row, multiplicity = np.unique(
        np.packbits(labels, axis=1),
        axis=0,
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    return labels[first], set_of_row.reshape(-1), multiplicity


def _count_by_overlap(overlap: Ints, multiplicity: Ints) -> Ints:
    """Return how many images (Q, S) share s labels, given the overlap (Q, U) with label sets."""
    queries = len(overlap)
    width = int(overlap.max()) + 1
    cell = overlap + width * np.arange(queries)[:, None]
    weights = np.broadcast_to(multiplicity, overlap.shape)
    counts = np.bincount(cell.ravel(), weights.ravel(), minlength=queries * width)
    return counts.reshape(queries, width).astype(np.int64)
