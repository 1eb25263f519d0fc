"""Metrics of arbitrary rankings, labels and scenes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsir.evaluation.by_label import label_scores
from rsir.metrics.label_pairs import label_overlap
from rsir.metrics.scoring import LOWER_IS_BETTER, METRICS, ranking_depth, score_rankings
from rsir.search.protocol import without

Attempt = Callable[..., Any]
Scores = dict[str, np.ndarray]
IN_LABELS = ("acg", "wap")
LAST = 10**6


@dataclass(frozen=True)
class Problem:
    """Queries, the rows of the database that each may not retrieve, and their rankings."""

    ranked: np.ndarray
    queries: np.ndarray
    database: np.ndarray
    query_scenes: np.ndarray | None
    scenes: np.ndarray | None
    excluded: np.ndarray
    cutoff: int

    def scores(self) -> Scores:
        return score_rankings(
            *(self.ranked, self.queries, self.database, self.query_scenes, self.scenes),
            *(self.excluded, self.cutoff),
        )

    def by_label(self) -> Scores:
        return label_scores(self.ranked, self.queries, self.database, self.excluded, self.cutoff)


def draw_excluded(draw: st.DrawFn, images: int, own_rows: np.ndarray) -> np.ndarray:
    """Draw the rows that queries may not retrieve: themselves, up to two others, or none."""
    own = own_rows[:, None][:, : draw(st.integers(0, 1))]
    most = min(2, images - 2)
    others = [
        draw(st.lists(st.integers(0, images - 1), max_size=most, unique=True)) for _ in own_rows
    ]
    rows = [
        sorted({*itself, *more} - {-1}) for itself, more in zip(own.tolist(), others, strict=True)
    ]
    return np.array([[*of_query, *[-1] * (3 - len(of_query))] for of_query in rows])


@st.composite
def problems(draw: st.DrawFn, most_labels: int = 70) -> Problem:
    images, labels = draw(st.integers(2, 14)), draw(st.integers(1, 5) | st.just(most_labels))
    matrix = draw(arrays(np.bool_, (images + 2, labels), fill=st.booleans()))
    database, outside = matrix[:images], matrix[images:]
    inside = draw(st.lists(st.integers(0, images - 1), min_size=1, max_size=4, unique=True))
    own_rows = np.array([*inside, *([-1] * draw(st.integers(0, 2)))])
    queries = np.concatenate([database[inside], outside[: len(own_rows) - len(inside)]])
    ranked = np.array([draw(st.permutations(range(images))) for _ in own_rows])
    excluded = draw_excluded(draw, images, own_rows)
    ranked = without(ranked, excluded)
    names = np.array(draw(st.lists(st.sampled_from("xyz"), min_size=images, max_size=images)))
    scenes = draw(st.sampled_from([None, names]))
    query_scenes = None if scenes is None else np.where(own_rows < 0, "v", names[own_rows])
    cutoff = draw(st.integers(1, (ranked >= 0).sum(axis=1).min()))
    return Problem(ranked, queries, database, query_scenes, scenes, excluded, cutoff)


def moved_to(position: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.where(rows < 0, -1, position[rows])


def check_same(one: Scores, other: Scores) -> None:
    assert one.keys() == other.keys()
    for metric, values in one.items():
        np.testing.assert_allclose(other[metric], values, rtol=1e-9, atol=1e-12, err_msg=metric)


def check_not_better(scores: Scores, best: Scores, metrics: tuple[str, ...]) -> None:
    for metric in metrics:
        sign = -1 if metric in LOWER_IS_BETTER else 1
        gain = sign * (best[metric] - scores[metric])
        assert (gain[~np.isnan(gain)] >= -1e-9).all(), metric


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems())
def test_each_metric_is_in_its_range(problem: Problem) -> None:
    scores = problem.scores()
    assert tuple(scores) == METRICS
    for metric, values in scores.items():
        assert values.shape == (len(problem.queries),)
        top = problem.queries.sum(axis=1) if metric in IN_LABELS else 1
        assert (np.isnan(values) | ((values >= 0) & (values <= top + 1e-9))).all(), metric
    undefined = np.ones(len(problem.queries), dtype=bool)
    if problem.scenes is not None and problem.query_scenes is not None:
        same = problem.query_scenes[:, None] == problem.scenes
        places = np.arange(len(problem.scenes))
        excluded = (places == problem.excluded[:, :, None]).any(axis=1)
        undefined = ~(same & ~excluded).any(axis=1)
    for metric, values in scores.items():
        np.testing.assert_array_equal(np.isnan(values), undefined & (metric == "anmrr"))
    assert (scores["f1"] >= scores["accuracy"] - 1e-9).all()
    assert (scores["acg"] <= problem.queries.sum(axis=1)).all()
    for metric, means in problem.by_label().items():
        valid = means[~np.isnan(means)]
        assert ((valid >= 0) & (valid <= 1 + 1e-9)).all(), metric


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems(), st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_order_of_labels(problem: Problem, random: Any) -> None:
    order = random.sample(range(problem.queries.shape[1]), problem.queries.shape[1])
    moved = replace(problem, queries=problem.queries[:, order], database=problem.database[:, order])
    check_same(problem.scores(), moved.scores())
    check_same({m: v[order] for m, v in problem.by_label().items()}, moved.by_label())


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems(), st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_order_of_database_and_queries(
    problem: Problem, random: Any
) -> None:
    images, queries = len(problem.database), len(problem.queries)
    order = np.array(random.sample(range(images), images))
    query_order = random.sample(range(queries), queries)
    position = np.argsort(order)
    moved = Problem(
        moved_to(position, problem.ranked)[query_order],
        problem.queries[query_order],
        problem.database[order],
        None if problem.query_scenes is None else problem.query_scenes[query_order],
        None if problem.scenes is None else problem.scenes[order],
        moved_to(position, problem.excluded)[query_order],
        problem.cutoff,
    )
    check_same({m: v[query_order] for m, v in problem.scores().items()}, moved.scores())
    check_same(problem.by_label(), moved.by_label())


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems())
def test_an_unused_label_changes_only_the_hamming_loss(problem: Problem) -> None:
    def with_unused_label(labels: np.ndarray) -> np.ndarray:
        return np.pad(labels, ((0, 0), (0, 1)))

    more = replace(
        problem,
        queries=with_unused_label(problem.queries),
        database=with_unused_label(problem.database),
    )
    expected = problem.scores()
    labels = problem.queries.shape[1]
    expected["hamming_loss"] = expected["hamming_loss"] * labels / (labels + 1)
    check_same(expected, more.scores())


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems())
def test_no_ranking_beats_the_ideal_ranking(problem: Problem) -> None:
    scores = problem.scores()
    overlap = label_overlap(problem.queries, problem.database)
    sizes = problem.queries.sum(axis=1)[:, None], problem.database.sum(axis=1)
    union = sizes[0] + sizes[1] - overlap
    jaccard = np.where(union == 0, 1, overlap / np.maximum(union, 1))
    keys = {
        ("acg", "ndcg", "map"): overlap,
        ("accuracy", "f1", "map_jaccard"): jaccard,
        ("hamming_loss",): overlap - union,
    }
    if problem.query_scenes is not None:
        keys["anmrr",] = (problem.query_scenes[:, None] == problem.scenes).astype(int)
    for metrics, key in keys.items():
        by_rank = -np.take_along_axis(key, problem.ranked, axis=1)
        by_rank[problem.ranked < 0] = LAST
        order = np.argsort(by_rank, axis=1, kind="stable")
        best = replace(problem, ranked=np.take_along_axis(problem.ranked, order, axis=1))
        ideal = best.scores()
        check_not_better(scores, ideal, metrics)
        if "ndcg" in metrics:
            some = (by_rank < 0).any(axis=1)
            for metric in ("ndcg", "map"):
                np.testing.assert_allclose(ideal[metric], some, atol=1e-9)
        if "anmrr" in metrics:
            anmrr = ideal["anmrr"]
            np.testing.assert_allclose(anmrr[~np.isnan(anmrr)], 0, atol=1e-9)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems(), st.integers(0, 13), st.integers(0, 13))
def test_moving_a_better_image_up_lowers_no_score(problem: Problem, one: int, other: int) -> None:
    """Swap two ranks; only queries that share at least as many labels at the later rank count."""
    shortest = (problem.ranked >= 0).sum(axis=1).min()
    first, second = sorted((one % shortest, other % shortest))
    swapped = problem.ranked.copy()
    swapped[:, [first, second]] = swapped[:, [second, first]]
    overlap = label_overlap(problem.queries, problem.database)
    rows = np.arange(len(swapped))
    better = overlap[rows, swapped[:, first]] >= overlap[rows, swapped[:, second]]
    scores, moved = problem.scores(), replace(problem, ranked=swapped).scores()
    for metric in ("acg", "ndcg", "map"):
        assert (moved[metric] >= scores[metric] - 1e-9)[better].all(), metric


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems())
def test_ranks_beyond_the_cutoff_do_not_matter(problem: Problem) -> None:
    reversed_tail = problem.ranked.copy()
    reversed_tail[:, problem.cutoff :] = reversed_tail[:, : problem.cutoff - 1 : -1]
    expected, scores = problem.scores(), replace(problem, ranked=reversed_tail).scores()
    for metrics in (expected, scores):
        del metrics["anmrr"]  # does not depend on the cutoff
    check_same(expected, scores)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems(most_labels=3), st.lists(st.integers(1, 20), min_size=1, max_size=3))
def test_ranking_depth_is_sufficient_for_any_problem(
    attempt: Attempt, problem: Problem, cutoffs: list[int]
) -> None:
    images = len(problem.database)
    scenes = (problem.query_scenes, problem.scenes)
    most = max(1, (problem.excluded >= 0).sum(axis=1).max())
    depth = attempt("retrieval.cutoffs: ", ranking_depth, cutoffs, images, *scenes, most)
    assert (depth is None) == (max(cutoffs) >= images)
    assume(depth is not None)
    assert max(cutoffs) < depth <= images
    assume(max(cutoffs) <= images - most)
    whole = np.tile(np.arange(images), (len(problem.queries), 1))
    ranked, deeper = (without(rows, problem.excluded) for rows in (whole[:, :depth], whole))
    cut = replace(problem, ranked=ranked, cutoff=max(cutoffs))
    check_same(replace(cut, ranked=deeper).scores(), cut.scores())
