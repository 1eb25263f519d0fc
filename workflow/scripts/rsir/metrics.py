"""Scores of ranked lists against label sets, one number per query and metric.

A pair of images is compared by three integers: the labels that both have (the overlap), and the
labels that each has. Everything else follows from these. What a query could have found in the whole
database is counted over the distinct label sets of the database with their multiplicities, a block
of queries at a time, so memory does not grow with queries × database.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.errors import InputError

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
PROTOCOLS = ("excluded", "included")

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Scenes = NDArray[Any]

_BLOCK_ELEMENTS = 2**22


# A pair of images: arrays that broadcast, in numbers of labels.


def accuracy(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return |Lq ∩ Lr| / |Lq ∪ Lr|, the Jaccard index; 1 where neither has a label."""
    return _ratio(overlap, query_size + retrieved_size - overlap, undefined=1)


def precision(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return |Lq ∩ Lr| / |Lr|; without retrieved labels 1 if the query has none either, else 0."""
    return _ratio(overlap, retrieved_size, undefined=query_size == 0)


def recall(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return |Lq ∩ Lr| / |Lq|; without query labels 1 if the retrieved has none either, else 0."""
    return _ratio(overlap, query_size, undefined=retrieved_size == 0)


def f1(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Floats:
    """Return 2 |Lq ∩ Lr| / (|Lq| + |Lr|); 1 where neither has a label."""
    return _ratio(2 * overlap, query_size + retrieved_size, undefined=1)


def hamming_loss(overlap: Ints, query_size: Ints, retrieved_size: Ints, labels: int) -> Floats:
    """Return |Lq Δ Lr| / |L|, with `labels` = |L| the number of labels of the archive."""
    return (query_size + retrieved_size - 2 * overlap) / labels


def jaccard_relevant(overlap: Ints, query_size: Ints, retrieved_size: Ints) -> Bools:
    """Return where the Jaccard index is at least 0.5, decided in whole numbers."""
    return 2 * overlap >= query_size + retrieved_size - overlap


# A ranked list: a row per query, a column per rank.


def ndcg(overlap: Ints, overlap_counts: Ints) -> Floats:
    """Return the discounted cumulative gain over that of the best list of the database.

    The gain is 2^|Lq ∩ Lr| − 1 and the discount log2(1 + rank). A query that shares no label with
    any image of the database has no gain to normalise by and scores 0.

    Parameters
    ----------
    overlap
        (Q, k) number of shared labels per rank.
    overlap_counts
        (Q, S) number of database images that share s labels with the query.
    """
    cutoff = overlap.shape[1]
    discount = 1 / np.log2(np.arange(2, cutoff + 2))
    gained = (np.exp2(overlap) - 1) @ discount
    # In the best list the images that share s labels take the ranks after `ahead` up to `through`;
    # `total[r]` is the sum of the discounts of the first r ranks.
    total = np.concatenate([[0], np.cumsum(discount)])
    through = np.cumsum(overlap_counts[:, ::-1], axis=1)[:, ::-1]
    ahead = through - overlap_counts
    share = total[np.minimum(through, cutoff)] - total[np.minimum(ahead, cutoff)]
    best = share @ (np.exp2(np.arange(overlap_counts.shape[1])) - 1)
    return _ratio(gained, best, undefined=0)


def weighted_average_precision(overlap: Ints) -> Floats:
    """Return the mean over the ranks with a shared label of the ACG up to there; 0 without any.

    `overlap` is (Q, k), the number of shared labels per rank; the result is in labels.
    """
    hit = overlap > 0
    acg = np.cumsum(overlap, axis=1) / np.arange(1, overlap.shape[1] + 1)
    return _ratio((acg * hit).sum(axis=1), hit.sum(axis=1), undefined=0)


def average_precision(relevant: Bools, number_relevant: Ints) -> Floats:
    """Return the sum of the precisions at the relevant ranks over min(k, number relevant).

    `relevant` is (Q, k) and `number_relevant` (Q,) counts the whole database. A query with nothing
    relevant scores 0.
    """
    cutoff = relevant.shape[1]
    precision_at = np.cumsum(relevant, axis=1) / np.arange(1, cutoff + 1)
    found = (precision_at * relevant).sum(axis=1)
    return _ratio(found, np.minimum(number_relevant, cutoff), undefined=0)


def nmrr(relevant: Bools, number_relevant: Ints, window: Ints) -> Floats:
    """Return the normalised modified retrieval rank of MPEG-7: 0 is perfect, 1 finds nothing.

    `relevant` is (Q, depth), `number_relevant` (Q,) is NG in the whole database, and `window` (Q,)
    is K as `anmrr_windows` gives it: a relevant image beyond it counts as if at rank 1.25 K. A
    query with nothing relevant has no retrieval rank: NaN. The mean over queries is the ANMRR.
    """
    rank = np.arange(1, relevant.shape[1] + 1)
    found = relevant & (rank <= window[:, None])
    missed = number_relevant - found.sum(axis=1)
    average_rank = _ratio(found @ rank + 1.25 * window * missed, number_relevant, undefined=np.nan)
    best = 0.5 * (1 + number_relevant)
    return (average_rank - best) / (1.25 * window - best)


def anmrr_windows(number_relevant: Ints) -> Ints:
    """Return K = min(4 NG, 2 max NG) for each of all queries, given NG (Q,)."""
    windows: Ints = np.minimum(4 * number_relevant, 2 * number_relevant.max(initial=0))
    return windows


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


def label_overlap(query_labels: Bools, database_labels: Bools) -> Ints:
    """Return |Lq ∩ Lr| (Q, D) of label sets (Q, L) and (D, L)."""
    shared = query_labels.astype(np.float32) @ database_labels.T.astype(np.float32)
    return shared.astype(np.int64)


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


def blocks_of_queries(queries: int, columns: int) -> Iterator[slice]:
    """Yield slices of queries, so that an array of a block by `columns` stays small."""
    step = max(1, _BLOCK_ELEMENTS // max(1, columns))
    for start in range(0, queries, step):
        yield slice(start, start + step)


def _ratio(numerator: NDArray[Any], denominator: NDArray[Any], undefined: Any) -> Floats:
    """Divide, with `undefined` where the denominator is 0."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    result = np.array(np.broadcast_to(undefined, shape), dtype=np.float64)
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result
