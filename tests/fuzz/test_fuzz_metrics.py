"""Rankings and their scores, of any descriptors, labels and scenes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsir.archives.archive_table import FIXED_COLUMNS
from rsir.evaluation.by_label import LABEL_METRICS, label_rows, label_scores
from rsir.evaluation.by_scene import by_scene
from rsir.evaluation.methods import METHOD
from rsir.evaluation.scores import query_scores
from rsir.evaluation.tables import read_results, write_table
from rsir.metrics.label_pairs import label_overlap
from rsir.metrics.scoring import LOWER_IS_BETTER, METRICS, ranking_depth, score_rankings
from rsir.search import exact as exact_search
from rsir.search.exact import rank
from rsir.search.protocol import Search, under_protocol

Attempt = Callable[..., Any]
Scores = dict[str, np.ndarray]

IN_LABELS = ("acg", "wap")


@dataclass(frozen=True)
class Problem:
    """Queries, some of which are in the database, and what each finds."""

    ranked: np.ndarray
    queries: np.ndarray
    database: np.ndarray
    query_scenes: np.ndarray | None
    scenes: np.ndarray | None
    own_rows: np.ndarray
    cutoff: int

    def scores(self) -> Scores:
        return score_rankings(
            *(self.ranked, self.queries, self.database, self.query_scenes, self.scenes),
            *(self.own_rows, self.cutoff),
        )

    def by_label(self) -> Scores:
        given = (self.ranked, self.queries, self.database, self.own_rows, self.cutoff)
        return label_scores(*given)


@st.composite
def problems(draw: st.DrawFn, most_labels: int = 70) -> Problem:
    images, labels = draw(st.integers(2, 14)), draw(st.integers(1, 5) | st.just(most_labels))
    matrix = draw(arrays(np.bool_, (images + 2, labels), fill=st.booleans()))
    database, strangers = matrix[:images], matrix[images:]
    inside = draw(st.lists(st.integers(0, images - 1), min_size=1, max_size=4, unique=True))
    own_rows = np.array([*inside, *([-1] * draw(st.integers(0, 2)))])
    queries = np.concatenate([database[inside], strangers[: len(own_rows) - len(inside)]])
    excluded = draw(st.booleans())
    ranked = np.array([draw(st.permutations(range(images))) for _ in own_rows])
    ranked, left_out = under_protocol("excluded" if excluded else "included", ranked, own_rows)
    names = np.array(draw(st.lists(st.sampled_from("xyz"), min_size=images, max_size=images)))
    scenes = draw(st.sampled_from([None, names]))
    query_scenes = None if scenes is None else np.where(own_rows < 0, "v", names[own_rows])
    cutoff = draw(st.integers(1, ranked.shape[1]))
    return Problem(ranked, queries, database, query_scenes, scenes, left_out, cutoff)


def check_same(one: Scores, other: Scores) -> None:
    assert one.keys() == other.keys()
    for metric, values in one.items():
        np.testing.assert_allclose(other[metric], values, rtol=1e-9, atol=1e-12, err_msg=metric)


def check_no_better(scores: Scores, best: Scores, metrics: tuple[str, ...]) -> None:
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
    alone = np.ones(len(problem.queries), dtype=bool)
    if problem.scenes is not None and problem.query_scenes is not None:
        same = problem.query_scenes[:, None] == problem.scenes
        own = np.arange(len(problem.scenes)) == problem.own_rows[:, None]
        alone = ~(same & ~own).any(axis=1)
    for metric, values in scores.items():
        np.testing.assert_array_equal(np.isnan(values), alone & (metric == "anmrr"))
    assert (scores["f1"] >= scores["accuracy"] - 1e-9).all()
    assert (scores["acg"] <= problem.queries.sum(axis=1)).all()
    for metric, means in problem.by_label().items():
        valid = means[~np.isnan(means)]
        assert ((valid >= 0) & (valid <= 1 + 1e-9)).all(), metric


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_labels_is_of_no_account(problem: Problem, chance: Any) -> None:
    order = chance.sample(range(problem.queries.shape[1]), problem.queries.shape[1])
    moved = replace(problem, queries=problem.queries[:, order], database=problem.database[:, order])
    check_same(problem.scores(), moved.scores())
    check_same({m: v[order] for m, v in problem.by_label().items()}, moved.by_label())


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_database_and_of_the_queries_is_of_no_account(
    problem: Problem, chance: Any
) -> None:
    images, asked = len(problem.database), len(problem.queries)
    order, turn = np.array(chance.sample(range(images), images)), chance.sample(range(asked), asked)
    place = np.argsort(order)
    moved = Problem(
        place[problem.ranked[turn]],
        problem.queries[turn],
        problem.database[order],
        None if problem.query_scenes is None else problem.query_scenes[turn],
        None if problem.scenes is None else problem.scenes[order],
        np.where(problem.own_rows < 0, -1, place[problem.own_rows])[turn],
        problem.cutoff,
    )
    check_same({m: v[turn] for m, v in problem.scores().items()}, moved.scores())
    check_same(problem.by_label(), moved.by_label())


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems())
def test_a_label_that_no_image_has_changes_the_hamming_loss_alone(problem: Problem) -> None:
    def with_none(labels: np.ndarray) -> np.ndarray:
        return np.pad(labels, ((0, 0), (0, 1)))

    more = replace(
        problem, queries=with_none(problem.queries), database=with_none(problem.database)
    )
    expected = problem.scores()
    labels = problem.queries.shape[1]
    expected["hamming_loss"] = expected["hamming_loss"] * labels / (labels + 1)
    check_same(expected, more.scores())


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems())
def test_no_ranking_is_better_than_the_best(problem: Problem) -> None:
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
        order = np.argsort(by_rank, axis=1, kind="stable")
        best = replace(problem, ranked=np.take_along_axis(problem.ranked, order, axis=1))
        reached = best.scores()
        check_no_better(scores, reached, metrics)
        if "ndcg" in metrics:
            some = (by_rank < 0).any(axis=1)
            whole = problem.ranked.shape[1] == len(problem.database) - (problem.own_rows >= 0)
            for metric in ("ndcg", "map"):
                np.testing.assert_allclose(reached[metric][whole], some[whole], atol=1e-9)
        if "anmrr" in metrics:
            found = reached["anmrr"]
            np.testing.assert_allclose(found[~np.isnan(found)], 0, atol=1e-9)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems(), st.integers(0, 13), st.integers(0, 13))
def test_a_better_image_moved_to_the_front_makes_no_score_worse(
    problem: Problem, one: int, other: int
) -> None:
    """Of two ranks, the later has all labels in common with the query that the earlier has."""
    first, second = sorted((one % problem.ranked.shape[1], other % problem.ranked.shape[1]))
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
def test_what_stands_behind_the_cutoff_is_of_no_account(problem: Problem) -> None:
    turned = problem.ranked.copy()
    turned[:, problem.cutoff :] = turned[:, : problem.cutoff - 1 : -1]
    expected, scores = problem.scores(), replace(problem, ranked=turned).scores()
    for found in (expected, scores):
        del found["anmrr"]  # which looks at as many ranks as it needs
    check_same(expected, scores)


# Rankings.

numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
small = st.integers(-3, 3).map(float)
shapes = st.tuples(st.integers(1, 40), st.integers(1, 6))
descriptors = shapes.flatmap(
    lambda shape: (
        arrays(np.float32, shape, elements=small) | arrays(np.float32, shape, elements=numbers)
    )
)


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name, size in (("QUERY_BLOCK", 4), ("DATABASE_BLOCK", 7), ("SPARE", 2)):
            patch.setattr(exact_search, name, size)
        yield


def exact(values: np.ndarray, queries: np.ndarray, database: np.ndarray) -> np.ndarray:
    unit = values.astype(np.longdouble)
    norms = np.sqrt((unit**2).sum(axis=1, keepdims=True))
    unit = np.divide(unit, norms, out=np.zeros_like(unit), where=norms > 0)
    return unit[queries] @ unit[database].T


@st.composite
def searches(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    values = draw(descriptors)
    rows = st.integers(0, len(values) - 1)
    queries = draw(st.lists(rows, min_size=1, max_size=9, unique=True))
    database = draw(st.just(range(len(values))) | st.permutations(range(len(values))))
    count = draw(st.integers(1, len(values)))
    return values, np.array(queries), np.array(database)[:count], draw(st.integers(1, 45))


@settings(deadline=None, max_examples=200, derandomize=True)
@given(searches())
def test_a_ranking_is_the_database_by_falling_similarity(
    problem: tuple[np.ndarray, np.ndarray, np.ndarray, int],
) -> None:
    values, queries, database, depth = problem
    ranked, similarity = rank(*problem)
    shape = (len(queries), min(depth, len(database)))
    assert ranked.shape == similarity.shape == shape
    assert (ranked.dtype, similarity.dtype) == (np.int32, np.float32)
    assert ((ranked >= 0) & (ranked < len(database))).all()
    assert all(len(set(row)) == len(row) for row in ranked.tolist())
    assert (np.abs(similarity) <= 1).all()
    assert (np.diff(similarity) <= 0).all()
    tied = np.diff(similarity) == 0
    assert (np.diff(ranked)[tied] > 0).all()
    cosine = exact(values, queries, database)
    np.testing.assert_allclose(similarity, np.take_along_axis(cosine, ranked, 1), atol=2e-7)
    left = np.ones(cosine.shape, dtype=bool)
    np.put_along_axis(left, ranked.astype(int), False, axis=1)
    beyond = np.where(left, cosine, -2).max(axis=1)
    assert (beyond <= similarity[:, -1] + 2e-7).all()


@settings(deadline=None, max_examples=100, derandomize=True)
@given(searches())
def test_less_deep_a_ranking_is_the_beginning_of_a_deeper_one(
    problem: tuple[np.ndarray, np.ndarray, np.ndarray, int],
) -> None:
    values, queries, database, depth = problem
    ranked, similarity = rank(*problem)
    for whole, part in zip(
        rank(values, queries, database, 10**9), (ranked, similarity), strict=True
    ):
        np.testing.assert_array_equal(part, whole[:, :depth])


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.integers(2, 30), st.randoms(use_true_random=False))
def test_the_order_of_the_archive_changes_no_score(images: int, chance: Any) -> None:
    rng = np.random.default_rng(images)
    values = rng.normal(size=(images, 8)).astype(np.float32)  # no two are equally like a third
    archive = archive_of(rng.random((images, 3)) < 0.4, rng.choice(["x", "y"], images))
    order = chance.sample(range(images), images)

    def scored(archive: pd.DataFrame, values: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
        search = Search(np.arange(images), np.arange(images))
        ranked, _ = rank(values, search.queries, search.database, images)
        method = (archive, search, {"pool": ranked}, [1, images - 1], "vgg16", "multi_label")
        scores = query_scores(*method, 0).sort_values([*METHOD, "image"], ignore_index=True)
        return scores, label_rows(*method)

    expected, by_label = scored(archive, values)
    moved, moved_by_label = scored(archive.iloc[order].reset_index(drop=True), values[order])
    pd.testing.assert_frame_equal(moved, expected)
    pd.testing.assert_frame_equal(moved_by_label, by_label)
    scenes = archive.set_index("image")["scene"]
    key = [*METHOD, "scene"]
    tables = [
        by_scene(found, scenes).sort_values(key, ignore_index=True) for found in (expected, moved)
    ]
    pd.testing.assert_frame_equal(*tables)


def archive_of(labels: np.ndarray, scenes: np.ndarray) -> pd.DataFrame:
    images = [f"image {number:03}" for number in range(len(labels))]
    fixed = pd.DataFrame(dict.fromkeys(FIXED_COLUMNS, images) | {"scene": scenes})
    return pd.concat(
        [fixed, pd.DataFrame(labels.astype("uint8")).rename(columns=str)], axis="columns"
    )


@settings(deadline=None, max_examples=100, derandomize=True)
@given(problems(most_labels=3), st.lists(st.integers(1, 20), min_size=1, max_size=3))
def test_what_is_ranked_as_deep_as_told_can_be_scored(
    attempt: Attempt, problem: Problem, cutoffs: list[int]
) -> None:
    images = len(problem.database)
    scenes = (problem.query_scenes, problem.scenes)
    depth = attempt("retrieval.cutoffs: ", ranking_depth, cutoffs, images, *scenes)
    assert (depth is None) == (max(cutoffs) >= images)
    assume(depth is not None)
    assert max(cutoffs) < depth <= images
    whole = np.tile(np.arange(images), (len(problem.queries), 1))
    for protocol in ("excluded", "included"):
        ranked, left_out = under_protocol(protocol, whole[:, :depth], problem.own_rows)
        deeper, _ = under_protocol(protocol, whole, problem.own_rows)
        cut = replace(problem, ranked=ranked, own_rows=left_out, cutoff=max(cutoffs))
        check_same(replace(cut, ranked=deeper).scores(), cut.scores())


# Tables of scores.

texts = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=5
) | st.sampled_from(["NA", "nan", "1", "01", "1e3", "True", "-", '"', ",", " x"])


@settings(deadline=None, max_examples=100, derandomize=True)
@given(
    st.lists(
        st.tuples(texts, texts, st.none() | st.integers(0, 9), st.integers(1, 99), st.floats(0, 1)),
        min_size=1,
        max_size=4,
    )
)
@example([("NA", "nan", None, 1, float("nan"))])
def test_a_table_of_scores_is_read_as_it_was_written(folder: Path, rows: list[Any]) -> None:
    path = folder / "scores.csv"
    table = pd.DataFrame(rows, columns=["image", "label", "seed", "k", LABEL_METRICS[0]])
    write_table(path, table)
    again = read_results(path)
    assert again[["image", "label"]].to_numpy().tolist() == [list(row[:2]) for row in rows]
    assert again["k"].tolist() == table["k"].tolist()
    for name in ("seed", LABEL_METRICS[0]):
        expected = table[name].astype(float)
        np.testing.assert_allclose(again[name].astype(float), expected, atol=5.1e-7)
