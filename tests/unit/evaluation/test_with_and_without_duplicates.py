"""Scores with and without near duplicates, worked out by hand on a made archive."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rsir.evaluation.by_label import bound_label_rows, label_rows
from rsir.evaluation.by_scene import by_scene
from rsir.evaluation.comparison import comparison
from rsir.evaluation.condition_nmrr import ConditionNmrr
from rsir.evaluation.contrasts import contrasts
from rsir.evaluation.gain import gain
from rsir.evaluation.methods import METHOD
from rsir.evaluation.scores import bound_scores, query_scores
from rsir.metrics.scoring import METRICS, ranking_depth
from rsir.reports.summary import summary
from rsir.search.exact import rank
from rsir.search.protocol import (
    KEPT,
    REMOVED,
    SAME_QUERIES,
    Search,
    find_search,
    most_excluded,
    search_conditions,
)

pytestmark = pytest.mark.usefixtures("little_to_collect")

# `copy` is a copy of `a`, and `c` one of `trained`; no other image has a near duplicate.
IMAGES = ["trained", "a", "copy", "b", "c", "d"]
PAIRS = np.array([[1, 2], [0, 4]])
SUBSET = np.array(["train", *["test"] * 5])
DEGREES = {"trained": 30, "a": 0, "copy": 0, "b": 90, "c": 30, "d": 50}
CUTOFFS = [1, 2]


@pytest.fixture(scope="module")
def archive() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image": IMAGES,
            "path": IMAGES,
            "scene": ["farm", "port", "port", "farm", "farm", "port"],
            "width": 1,
            "height": 1,
            "sha256": "0",
            "x": [0, 1, 1, 0, 0, 1],
            "y": [1, 0, 0, 1, 1, 1],
        }
    )


def scored(archive: pd.DataFrame, pairs: np.ndarray | None) -> dict[str, Any]:
    """Return the scores of descriptors at these angles, of those at three times, and of bounds."""
    search = find_search(SUBSET, "test", pairs)
    _, _, *scenes = search.labels_and_scenes(archive)
    depth = ranking_depth(CUTOFFS, 5, *scenes, most_excluded(search_conditions(search, CUTOFFS)))
    models: dict[str, dict[str, np.ndarray]] = {}
    for labeling, factor in (("off_the_shelf", 1), ("multi_label", 3)):
        angles = factor * np.radians([DEGREES[image] for image in IMAGES])
        vectors = np.column_stack([np.cos(angles), np.sin(angles)])
        ranked, _ = rank(vectors.astype(np.float32), search.queries, search.database, depth)
        models[labeling] = {"pool": ranked}
    args = (archive, search)
    scores = [query_scores(*args, one, CUTOFFS, "net", name, None) for name, one in models.items()]
    labels = [label_rows(*args, one, CUTOFFS, "net", name) for name, one in models.items()]
    return {
        "scores": pd.concat([*scores, bound_scores(*args, CUTOFFS)], ignore_index=True),
        "by_label": pd.concat([*labels, bound_label_rows(*args, CUTOFFS)], ignore_index=True),
    }


@pytest.fixture(scope="module")
def tables(archive) -> dict[str, Any]:
    return scored(archive, PAIRS)


def of(table: pd.DataFrame, duplicates: str, k: int = 1, query: str = "excluded", **method: str):
    method = {"backbone": "net", "labeling": "off_the_shelf", **method}
    setting = {**method, "query": query, "duplicates": duplicates, "k": k}
    return table[(table[list(setting)] == pd.Series(setting)).all(axis=1)]


def by_image(table: pd.DataFrame, metric: str, *setting: Any, **method: str) -> dict[str, float]:
    rows = of(table, *setting, **method)
    return dict(zip(rows["image"], rows[metric], strict=True))


def test_copies_raise_scores_with_them_and_not_without(tables):
    scores = tables["scores"]
    # `a` and `copy` find each other; without each other, `c`, which has another label. `b` and `c`
    # find `d`, and `d` finds `c`, which share one of two labels. `c` is left out: its copy trained.
    assert by_image(scores, "accuracy", KEPT) == {"a": 1, "copy": 1, "b": 0.5, "c": 0.5, "d": 0.5}
    assert by_image(scores, "accuracy", SAME_QUERIES) == {"a": 1, "copy": 1, "b": 0.5, "d": 0.5}
    assert by_image(scores, "accuracy", REMOVED) == {"a": 0, "copy": 0, "b": 0.5, "d": 0.5}
    # A query that may find itself does so first.
    both = {"a": 1, "copy": 1, "b": 0.75, "d": 0.75}
    assert by_image(scores, "accuracy", SAME_QUERIES, 2, "included") == both
    without = {"a": 0.5, "copy": 0.5, "b": 0.75, "d": 0.75}
    assert by_image(scores, "accuracy", REMOVED, 2, "included") == without


def test_ideal_rankings_are_without_what_is_removed(tables):
    scores = tables["scores"]
    # Of `b`, `c` and `d`, `a` shares a label with `d` only, which it finds second.
    of_a = of(scores, REMOVED, 2).set_index("image").loc["a"]
    assert of_a["ndcg"] == pytest.approx(1 / np.log2(3))
    assert of_a["map"] == of_a["map_jaccard"] == 1 / 2
    # Its copy comes first in both rankings, and `d` second in the ideal one.
    of_a = of(scores, SAME_QUERIES, 2).set_index("image").loc["a"]
    assert of_a["ndcg"] == pytest.approx(1 / (1 + 1 / np.log2(3)))
    assert of_a["map"] == 1 / 2
    # One port is left, at rank 2 (K = 4); with the copy two, at ranks 1 and 3 (K = 4).
    anmrr = by_image(scores, "anmrr", REMOVED)["a"], by_image(scores, "anmrr", SAME_QUERIES)["a"]
    assert anmrr == pytest.approx(((2 - 1) / (5 - 1), (2 - 1.5) / (5 - 1.5)))


def test_bounds_are_those_of_the_same_queries(tables):
    scores = tables["scores"]
    name = {"backbone": "label oracle", "labeling": ""}
    oracle = {"a": 1, "copy": 1, "b": 1, "d": 0.5}
    assert by_image(scores, "accuracy", SAME_QUERIES, **name) == oracle
    assert by_image(scores, "accuracy", REMOVED, **name) == {**oracle, "a": 0.5, "copy": 0.5}
    name["backbone"] = "random"
    random = {value: by_image(scores, "accuracy", value, **name) for value in (KEPT, REMOVED)}
    assert random[KEPT]["a"] == pytest.approx((1 + 0 + 0 + 1 / 2) / 4, abs=0.02)
    assert random[REMOVED]["a"] == pytest.approx((0 + 0 + 1 / 2) / 3, abs=0.02)
    # The same random rankings: what has no near duplicate has the same score.
    same = by_image(scores, "accuracy", SAME_QUERIES, **name)
    assert {image: same[image] for image in "bd"} == {i: random[REMOVED][i] for i in "bd"}


def test_labels_are_those_of_the_same_queries(tables):
    table = tables["by_label"]
    rows = {value: of(table, value).set_index("label") for value in (KEPT, REMOVED, SAME_QUERIES)}
    assert [rows[value].loc["y", "queries"] for value in rows] == [3, 2, 2]
    # `a` and `copy` find their label with each other, and could find it on `d` without.
    assert rows[SAME_QUERIES].loc["x", ["precision", "recall"]].tolist() == [2 / 3, 2 / 3]
    assert rows[REMOVED].loc["x", ["precision", "recall"]].tolist() == [0, 0]
    assert of(table, REMOVED, 2).set_index("label").loc["x", "recall"] == 2 / 3


def test_the_difference_is_what_was_planted(archive, tables):
    scores = tables["scores"]
    table = comparison("made", scores, 5, {})
    rows = {value: of(table, value).iloc[0] for value in (KEPT, REMOVED, SAME_QUERIES)}
    assert [row["accuracy"] for row in rows.values()] == [0.7, 0.25, 0.75]
    assert [row["queries"] for row in rows.values()] == [5, 4, 4]
    scenes = archive.set_index("image")["scene"]
    differences = contrasts("tiles", scores, scenes)
    for value, queries in ((KEPT, 5), (REMOVED, 4), (SAME_QUERIES, 4)):
        row = of(differences[differences["metric"] == "accuracy"], value, labeling="multi_label")
        (row,) = row[row["against_labeling"] == "off_the_shelf"].to_dict("records")
        assert row["queries"] == row["wins"] + row["ties"] + row["losses"] == queries
        means = [
            of(table, value, labeling=labeling)["accuracy"].item()
            for labeling in ("multi_label", "off_the_shelf")
        ]
        assert row["difference"] == pytest.approx(means[0] - means[1])
    assert set(gain(differences)["duplicates"]) == {KEPT, REMOVED, SAME_QUERIES}
    of_scene = by_scene(scores, scenes)
    assert of(of_scene, KEPT).set_index("scene")["queries"].to_dict() == {"port": 3, "farm": 2}
    assert of(of_scene, REMOVED).set_index("scene")["accuracy"].to_dict() == {
        "port": pytest.approx(0.5 / 3),
        "farm": 0.5,
    }
    by_label = tables["by_label"]
    text = summary(table, differences, of_scene, by_label, len(PAIRS))
    assert "Pairs of near duplicates in the archive: 2. " in text
    assert (
        "images to retrieve: 1 of 5. What near duplicates add to the accuracy of the other 4"
        in text
    )
    assert "- net off_the_shelf (pool): +0.500 (0.750 with, 0.250 without).\n" in text
    assert "5 queries, database of 5 images" in text


def test_an_archive_without_duplicates_has_the_same_numbers(archive, tables):
    for name, rows in scored(archive, None).items():
        assert set(rows["duplicates"]) == {KEPT}
        kept = tables[name][tables[name]["duplicates"] == KEPT].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, kept, check_exact=True)


@pytest.mark.parametrize("database", ["test", "train", "all"])
def test_removing_duplicates_is_deleting_them(database):
    """Each query alone, in a database that does not have its near duplicates."""
    rng = np.random.default_rng(0)
    names = [f"{number:02}" for number in range(40)]
    archive = pd.DataFrame({"image": names, "path": names, "scene": "", "width": 1, "height": 1})
    archive["sha256"] = "0"
    archive[list("uvw")] = rng.integers(0, 2, (40, 3))
    vectors = rng.normal(size=(40, 3)).astype(np.float32)
    subset = rng.choice(["train", "test"], 40)
    pairs = np.unique(np.sort(rng.integers(0, 40, (25, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    search = find_search(subset, database, pairs)
    depth = 5 + most_excluded(search_conditions(search, [5]))
    ranked, _ = rank(vectors, search.queries, search.database, depth)
    scores = query_scores(archive, search, {"pool": ranked}, [5], "net", "", None)
    removed = scores[(scores["duplicates"] == REMOVED) & (scores["query"] == "excluded")]
    assert 0 < len(removed) < (subset == "test").sum()
    metrics = [metric for metric in METRICS if metric != "anmrr"]
    for row in removed.to_dict("records"):
        query = names.index(row["image"])
        near = {*pairs[pairs[:, 0] == query, 1], *pairs[pairs[:, 1] == query, 0]}
        assert not [one for one in near if subset[one] == "train"]
        others = [place for place in search.database if place not in near]
        alone = Search(np.array([query]), np.array(others))
        places, _ = rank(vectors, alone.queries, alone.database, 6)
        expected = query_scores(archive, alone, {"pool": places}, [5], "net", "", None)
        expected = expected[expected["query"] == "excluded"]
        assert [row[name] for name in metrics] == pytest.approx(expected[metrics].to_numpy()[0])


def test_the_nmrr_of_blocks_is_that_of_whole_rankings(archive: pd.DataFrame) -> None:
    search = find_search(SUBSET, "test", PAIRS)
    *_, query_scenes, database_scenes = search.labels_and_scenes(archive)
    conditions = search_conditions(search, CUTOFFS)
    ranked = np.random.default_rng(0).permuted(np.tile(np.arange(5), (5, 1)), axis=1)
    of_conditions = ConditionNmrr(conditions, query_scenes, database_scenes)
    blocks = np.array_split(np.arange(len(search.queries)), 3)
    nmrr = np.hstack([of_conditions.of(places, ranked[places]) for places in blocks])
    whole = query_scores(archive, search, {"pool": ranked}, CUTOFFS, "net", "", None)
    shallow = {"pool": ranked[:, : max(CUTOFFS) + 2]}, CUTOFFS, "net", "", None, "", {"pool": nmrr}
    expected = whole.set_index([*METHOD, "image"])["anmrr"]
    actual = query_scores(archive, search, *shallow).set_index([*METHOD, "image"])["anmrr"]
    pd.testing.assert_series_equal(actual, expected)
