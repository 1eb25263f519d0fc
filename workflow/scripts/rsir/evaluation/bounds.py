"""Bounds of the scores: a random ranking, and oracle rankings by scene and by labels."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from rsir.core.errors import InputError
from rsir.metrics.arrays import Bools, Floats, Ints, Scenes, blocks_of_queries
from rsir.metrics.label_pairs import accuracy, label_overlap
from rsir.metrics.scoring import ranking_depth, score_rankings
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
    for bound, number, queries, ranked, excluded in repeated_rankings(
        conditions, cutoffs, *labels_and_scenes, own_rows, seed
    ):
        scenes = None if query_scenes is None else query_scenes[queries]
        known = query_labels[queries], database_labels, scenes, database_scenes
        counted = len(conditions[number].counted)
        scores[number][bound] = {
            cutoff: {
                metric: values.reshape(-1, counted).mean(axis=0)
                for metric, values in score_rankings(ranked, *known, excluded, cutoff).items()
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
) -> Iterator[tuple[str, int, Ints, Ints, Ints]]:
    """Yield the rankings of every bound under conditions, repeated if their order is random.

    The arrays are those of `bound_rankings`. Each item is the bound, the number of the condition,
    the query (R,) of each ranking, the ranked rows of the database (R, depth), and the rows (R, E)
    that are excluded, as in `rsir.search.protocol.Condition`. Repetitions are blocks of all counted
    queries. The rankings of a bound are the same under all conditions, but for what is excluded.
    """
    depth = ranking_depth(
        cutoffs, len(database_labels), query_scenes, database_scenes, most_excluded(conditions)
    )
    queries = len(query_labels)
    for bound in BOUNDS:
        if bound == "scene oracle" and (query_scenes is None or database_scenes is None):
            continue
        rankings = 1 if bound == "label oracle" else math.ceil(_RANKINGS / queries)
        repeated = np.tile(np.arange(queries), rankings)
        scenes = None if query_scenes is None else query_scenes[repeated]
        with_query = bound_rankings(
            bound,
            query_labels[repeated],
            database_labels,
            scenes,
            database_scenes,
            own_rows[repeated],
            depth,
            np.random.default_rng(seed),
        )
        for number, condition in enumerate(conditions):
            counted = np.add.outer(queries * np.arange(rankings), condition.counted).ravel()
            excluded = np.tile(condition.excluded, (rankings, 1))
            ranked = without(with_query[counted], excluded)
            yield bound, number, repeated[counted], ranked, excluded


def bound_rankings(
    bound: str,
    query_labels: Bools,
    database_labels: Bools,
    query_scenes: Scenes | None,
    database_scenes: Scenes | None,
    own_rows: Ints,
    depth: int,
    rng: np.random.Generator,
) -> Ints:
    """Rank the database for each query at random, by scene or by label set.

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
    depth
        Number of images to rank, at most D.
    rng
        Random number generator.

    Returns
    -------
    ndarray
        (Q, depth) rows of the database in rank order.

    Raises
    ------
    InputError
        If `bound` is `scene oracle` and there are no scenes.
    """
    queries, database = len(query_labels), len(database_labels)
    ranked = np.empty((queries, depth), dtype=np.int64)
    for block in blocks_of_queries(queries, database):
        if bound == "label oracle":
            keys = _jaccard_steps(query_labels[block], database_labels)
            keys += np.arange(database) / database
        else:
            keys = rng.random((len(ranked[block]), database))
        if bound == "scene oracle":
            if query_scenes is None or database_scenes is None:
                raise InputError("scene oracle: the archive has no scenes; leave this bound out")
            keys += query_scenes[block, None] != database_scenes
        inside = np.flatnonzero(own_rows[block] >= 0)
        keys[inside, own_rows[block][inside]] = -1
        first = np.argpartition(keys, depth - 1, axis=1)[:, :depth]
        order = np.argsort(np.take_along_axis(keys, first, axis=1), axis=1)
        ranked[block] = np.take_along_axis(first, order, axis=1)
    return ranked


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
