"""Bounds of the scores: a random ranking, and oracle rankings by scene and by labels."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from rsir.core.errors import InputError
from rsir.evaluation.condition_nmrr import ConditionNmrr
from rsir.metrics.arrays import Bools, Floats, Ints, Scenes, blocks_of_queries
from rsir.metrics.label_counts import LabelCounts
from rsir.metrics.label_pairs import accuracy, label_overlap
from rsir.metrics.scene_relevance import scene_codes
from rsir.metrics.scoring import kept_depth, ranking_depth, score_rankings
from rsir.search.protocol import Condition, most_excluded, without

BOUNDS = ("random", "scene oracle", "label oracle")

# On UC Merced, the scores of random rankings at 20 ranks have a standard deviation of up to 0.13,
# so the mean over this many rankings has a standard error of 0.13 / √20000 = 0.0009.
_RANKINGS = 20_000


def score_bounds(
    conditions: Sequence[Condition],
    cutoffs: Sequence[int],
    query_labels: Bools,
    database_labels: Bools,
    query_scenes: Scenes | None,
    database_scenes: Scenes | None,
    own_rows: Ints,
    seed: int = 0,
) -> list[dict[str, dict[int, dict[str, Floats]]]]:
    """Score every bound under conditions; without scenes, `scene oracle` is left out.

    The other arguments are those of `repeated_rankings`.

    Returns
    -------
    list of dict
        `scores[bound][cutoff][metric]` of the counted queries for each condition, as
        `score_rankings` returns them. For the bounds with a random order they are means over
        repeated rankings of each query; the mean over queries of a score in [0, 1] is then accurate
        to ±0.002 at 20 ranks.

    Raises
    ------
    InputError
        If a cutoff is larger than the database without the query.
    """
    scores: list[dict[str, dict[int, dict[str, Floats]]]] = [{} for _ in conditions]
    labels_and_scenes = query_labels, database_labels, query_scenes, database_scenes
    counts = LabelCounts.of(query_labels, database_labels)
    for bound, number, queries, ranked, excluded, nmrr in repeated_rankings(
        conditions, cutoffs, *labels_and_scenes, own_rows, seed, with_nmrr=True
    ):
        known = query_labels[queries], database_labels, None, None
        counted = len(conditions[number].counted)
        scores[number][bound] = {
            cutoff: {
                metric: values.reshape(-1, counted).mean(axis=0)
                for metric, values in {
                    **score_rankings(ranked, *known, excluded, cutoff, counts.select(queries)),
                    "anmrr": nmrr,
                }.items()
            }
            for cutoff in cutoffs
        }
    return scores


def repeated_rankings(
    conditions: Sequence[Condition],
    cutoffs: Sequence[int],
    query_labels: Bools,
    database_labels: Bools,
    query_scenes: Scenes | None,
    database_scenes: Scenes | None,
    own_rows: Ints,
    seed: int = 0,
    with_nmrr: bool = False,
) -> Iterator[tuple[str, int, Ints, Ints, Ints, Floats]]:
    """Yield the rankings of every bound under conditions, repeated if their order is random.

    The arrays are those of `bound_rankings`. Each item is the bound, the number of the condition,
    the query (R,) of each ranking, the ranked rows of the database (R, depth), the rows (R, E)
    that are excluded, as in `rsir.search.protocol.Condition`, and, `with_nmrr`, the NMRR (R,) of
    each ranking, NaN without scenes. Repetitions are blocks of all counted queries. The rankings of
    a bound are the same under all conditions, but for what is excluded, and are as deep as those
    of descriptors (`rsir.metrics.scoring.kept_depth`).
    """
    most = most_excluded(conditions)
    depth = ranking_depth(cutoffs, len(database_labels), query_scenes, database_scenes, most)
    kept = kept_depth(cutoffs, depth, most)
    queries = len(query_labels)
    of_blocks = None
    if with_nmrr and query_scenes is not None and database_scenes is not None:
        of_blocks = ConditionNmrr(conditions, query_scenes, database_scenes)
    for bound in BOUNDS:
        if bound == "scene oracle" and (query_scenes is None or database_scenes is None):
            continue
        rankings = 1 if bound == "label oracle" else math.ceil(_RANKINGS / queries)
        repeated = np.tile(np.arange(queries), rankings)
        with_query = np.empty((len(repeated), kept), dtype=np.int64)
        nmrr = np.full((len(conditions), len(repeated)), np.nan)
        for block, ranked in bound_rankings(
            bound,
            query_labels,
            database_labels,
            query_scenes,
            database_scenes,
            own_rows,
            repeated,
            depth if of_blocks else kept,
            np.random.default_rng(seed),
        ):
            with_query[block] = ranked[:, :kept]
            if of_blocks:
                nmrr[:, block] = of_blocks.of(repeated[block], ranked)
        for number, condition in enumerate(conditions):
            counted = np.add.outer(queries * np.arange(rankings), condition.counted).ravel()
            excluded = np.tile(condition.excluded, (rankings, 1))
            ranked = without(with_query[counted], excluded)
            yield bound, number, repeated[counted], ranked, excluded, nmrr[number, counted]


def bound_rankings(
    bound: str,
    query_labels: Bools,
    database_labels: Bools,
    query_scenes: Scenes | None,
    database_scenes: Scenes | None,
    own_rows: Ints,
    queries: Ints,
    depth: int,
    rng: np.random.Generator,
) -> Iterator[tuple[slice, Ints]]:
    """Rank the database for queries at random, by scene or by label set, in blocks.

    `random` is a random order; `scene oracle` ranks the images of the query's scene first, in
    random order within and outside the scene; `label oracle` ranks by the Jaccard index with the
    query's label set, ties in archive order. The query itself is ranked first, as by any
    descriptor.

    Parameters
    ----------
    bound
        One of BOUNDS.
    query_labels, database_labels
        (Q, L) and (D, L).
    query_scenes, database_scenes
        (Q,) and (D,) scene classes, or None.
    own_rows
        (Q,) row of each query in the database, −1 for a query outside it.
    queries
        (R,) the query of each ranking.
    depth
        Number of images to rank, at most D.
    rng
        Random number generator.

    Yields
    ------
    tuple
        A slice of the rankings, and (block, depth) rows of the database in rank order.

    Raises
    ------
    InputError
        If `bound` is `scene oracle` and there are no scenes.
    """
    database = len(database_labels)
    if bound == "scene oracle":
        if query_scenes is None or database_scenes is None:
            raise InputError("scene oracle: the archive has no scenes; leave this bound out")
        query_codes, database_codes, _ = scene_codes(query_scenes, database_scenes)
    for block in blocks_of_queries(len(queries), database):
        of_block = queries[block]
        if bound == "label oracle":
            keys = _jaccard_steps(query_labels[of_block], database_labels)
            keys += np.arange(database) / database
        else:
            keys = rng.random((len(of_block), database))
        if bound == "scene oracle":
            keys += query_codes[of_block, None] != database_codes
        own = own_rows[of_block]
        inside = np.flatnonzero(own >= 0)
        keys[inside, own[inside]] = -1
        first = np.argpartition(keys, depth - 1, axis=1)[:, :depth]
        order = np.argsort(np.take_along_axis(keys, first, axis=1), axis=1)
        yield block, np.take_along_axis(first, order, axis=1)


def _jaccard_steps(query_labels: Bools, database_labels: Bools) -> Floats:
    """Return the Jaccard distance (Q, D), scaled so that different distances are 1 or more apart.

    Two fractions with denominators of at most L differ by at least 1 / L².
    """
    jaccard = accuracy(
        label_overlap(query_labels, database_labels),
        query_labels.sum(axis=1)[:, None],
        database_labels.sum(axis=1),
    )
    steps: Floats = np.rint((1 - jaccard) * 2 * database_labels.shape[1] ** 2)
    return steps
