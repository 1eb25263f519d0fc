"""Scores by label worked out by hand on five images."""

import numpy as np
import pandas as pd
import pytest
from five_images import (
    DATABASE,
    LABELS,
    NOTHING,
    OWN,
    QUERIES,
    RANKED,
    SEARCH,
    WITH_OWN,
    five_images,
)

from rsir.evaluation.by_label import LABEL_METRICS, bound_label_rows, by_label, label_rows
from rsir.evaluation.by_label import label_scores as scores_of
from rsir.evaluation.methods import METHOD
from rsir.evaluation.scores import bound_scores
from rsir.metrics.scoring import score_rankings
from rsir.search.protocol import Search, without


@pytest.fixture
def archive() -> pd.DataFrame:
    return five_images()


def test_labels_worked_out_by_hand():
    scores = scores_of(RANKED, DATABASE[QUERIES], DATABASE, OWN, 2)
    assert tuple(scores) == LABEL_METRICS
    # Of the two images that each query finds, `all` is on 1, 1 and 2; each could find two.
    # `some` is on 2, 1 and 1; the query that has it could find one.
    # `rare` is on none; the query that has it is the only image.
    # `other` is on 1, 1 and 0.
    nan = np.nan
    expected = {
        "precision": [(1 / 2 + 1 / 2 + 1) / 3, 1 / 2, 0, nan, nan],
        "recall": [(1 / 2 + 1 / 2 + 1) / 3, 1, nan, nan, nan],
        "false_alarm": [nan, (1 + 1 / 2) / 2, 0, (1 / 2 + 1 / 2 + 0) / 3, 0],
    }
    for metric, values in expected.items():
        np.testing.assert_allclose(scores[metric], values, err_msg=metric)


def test_a_query_that_may_find_itself_could_find_one_more():
    ranked = WITH_OWN["pool"]
    scores = scores_of(ranked, DATABASE[QUERIES], DATABASE, NOTHING, 3)
    # Each finds itself and, of `all`, 1, 1 and 2 more of the four that there are.
    assert scores["precision"][0] == pytest.approx((2 + 2 + 3) / 9)
    assert scores["recall"][0] == pytest.approx((2 + 2 + 3) / 9)
    assert scores["recall"][1:3].tolist() == [1, 1]


def test_places_that_no_image_could_take_are_not_missed():
    scores = scores_of(RANKED, DATABASE[QUERIES], DATABASE, OWN, 4)
    # Four places, and three more images of `all`, one more of `some`: all are retrieved.
    assert scores["precision"][:2].tolist() == [3 / 4, 1 / 4]
    assert scores["recall"][:2].tolist() == [1, 1]


def test_a_query_outside_the_database_leaves_nothing_out():
    """The first may find the last image, which −1 would be the row of."""
    database = np.array([[1], [0], [1]], dtype=bool)
    query, ranked = np.array([[1]], dtype=bool), np.array([[0, 2, 1]])
    scores = scores_of(ranked, query, database, np.array([[-1]]), 3)
    assert (scores["precision"][0], scores["recall"][0]) == (2 / 3, 1)
    scores = scores_of(np.array([[0, 1]]), query, database, np.array([[-1]]), 2)
    assert scores["recall"][0] == 1 / 2


def test_a_query_that_could_find_nothing_is_not_counted_in_recall():
    """The label is on one image, which is a query; the other query is outside the database."""
    database = np.array([[1], [0], [0]], dtype=bool)
    queries, ranked = np.array([[1], [1]], dtype=bool), np.array([[1, 2], [0, 1]])
    scores = scores_of(ranked, queries, database, np.array([[0], [-1]]), 2)
    assert (scores["precision"][0], scores["recall"][0]) == (1 / 4, 1)


@pytest.fixture
def drawn():
    """Forty queries, which may not find up to three of the 60 images, and what they find."""
    rng = np.random.default_rng(0)
    database = rng.random((60, 7)) < rng.uniform(0.1, 0.7, 7)
    queries = rng.random((40, 7)) < 0.4
    order = rng.permuted(np.tile(np.arange(60), (40, 1)), axis=1)
    excluded = order[:, ::20].copy()
    excluded[np.arange(3) >= rng.integers(0, 4, 40)[:, None]] = -1
    return without(order, excluded)[:, :9], queries, database, excluded


@pytest.mark.parametrize("cutoff", [1, 5, 9])
def test_labels_add_up_to_the_scores_of_queries(drawn, cutoff):
    ranked, queries, database, excluded = drawn
    by_query = score_rankings(ranked, queries, database, None, None, excluded, cutoff)
    scores = scores_of(ranked, queries, database, excluded, cutoff)
    # Labels in common per image: those that the query has, and that the image has.
    shared = (scores["precision"] * queries.sum(axis=0)).sum()
    assert shared == pytest.approx(by_query["acg"].sum())
    # Labels that one of the two has: the query's and the image's, less twice what they share.
    false = (scores["false_alarm"] * (~queries).sum(axis=0)).sum()
    differing = by_query["hamming_loss"].sum() * database.shape[1]
    assert queries.sum() - shared + false == pytest.approx(differing)


def test_labels_are_counted_query_by_query(drawn):
    ranked, queries, database, excluded = drawn
    scores = scores_of(ranked, queries, database, excluded, 9)
    for label in range(7):
        shares, recalls, alarms = [], [], []
        for retrieved, query, rows in zip(ranked, queries, excluded, strict=True):
            hits = sum(database[place, label] for place in retrieved)
            there = sum(database[place, label] for place in range(60) if place not in rows)
            (shares if query[label] else alarms).append(hits / 9)
            if query[label]:
                recalls.append(hits / min(there, 9))
        assert scores["precision"][label] == pytest.approx(np.mean(shares))
        assert scores["recall"][label] == pytest.approx(np.mean(recalls))
        assert scores["false_alarm"][label] == pytest.approx(np.mean(alarms))


def test_a_row_per_descriptor_protocol_cutoff_and_label(archive):
    rankings = WITH_OWN | {"output": WITH_OWN["pool"][:, ::-1]}
    rows = label_rows(archive, SEARCH, rankings, [2, 3], "vgg16", "multi_label")
    assert list(rows.columns) == [*METHOD, "label", "queries", "database", *LABEL_METRICS]
    assert len(rows) == 2 * 2 * 2 * 5
    assert not rows.duplicated([*METHOD, "label"]).any()
    assert set(rows["backbone"] + rows["labeling"]) == {"vgg16multi_label"}
    for _, one in rows.groupby(METHOD):
        assert one["label"].tolist() == list(LABELS)
        assert one["queries"].tolist() == [3, 1, 1, 0, 0]
        assert one["database"].tolist() == [4, 2, 1, 1, 0]


@pytest.mark.parametrize(
    ("protocol", "ranked", "excluded"),
    [("excluded", RANKED, OWN), ("included", WITH_OWN["pool"], NOTHING)],
)
def test_rows_hold_the_scores_of_their_protocol(archive, protocol, ranked, excluded):
    rows = label_rows(archive, SEARCH, WITH_OWN, [2, 3], "vgg16", "multi_label")
    for cutoff in (2, 3):
        selected = rows[(rows["query"] == protocol) & (rows["k"] == cutoff)]
        expected = scores_of(ranked, DATABASE[QUERIES], DATABASE, excluded, cutoff)
        np.testing.assert_array_equal(selected[[*LABEL_METRICS]].T, [*expected.values()])


def test_queries_outside_the_database_have_one_protocol(archive):
    search = Search(np.array([0, 1]), np.array([2, 3, 4]))
    rows = label_rows(archive, search, {"pool": np.array([[0, 1, 2]] * 2)}, [2], "vgg16", "")
    assert set(rows["query"]) == {"excluded"}
    assert rows["database"].tolist() == [2, 1, 1, 1, 0]
    # Both find the images of `some` and `other`, and of `all` and `rare`.
    assert rows["precision"].tolist()[:2] == [1 / 2, 1 / 2]
    assert set(bound_label_rows(archive, search, [2])["query"]) == {"excluded"}


def test_at_random_a_label_is_found_as_often_as_it_is_there(archive):
    rows = bound_label_rows(archive, SEARCH, [1, 3])
    rows = rows.set_index(["backbone", "query", "k", "label"]).sort_index()
    for k in (1, 3):
        selected = rows.loc[("random", "excluded", k)]
        # Of the four other images; standard error below 0.5 / √20000 per query.
        assert selected.loc["all", "precision"] == pytest.approx(3 / 4, abs=0.02)
        assert selected.loc["some", "precision"] == pytest.approx(1 / 4, abs=0.02)
        assert selected.loc["some", "false_alarm"] == pytest.approx(2 / 4, abs=0.02)
        assert selected.loc["rare", ["precision", "false_alarm"]].tolist() == pytest.approx(
            [0, 1 / 4], abs=0.02
        )
        # The first hit is the query itself.
        selected = rows.loc[("random", "included", k)]
        assert selected.loc["all", "precision"] == pytest.approx(
            (1 + (k - 1) * 3 / 4) / k, abs=0.02
        )
        assert selected.loc["some", "false_alarm"] == pytest.approx((k - 1) * 2 / 4 / k, abs=0.02)


def test_bounds_have_rows_like_those_of_methods(archive):
    rows = label_rows(archive, SEARCH, WITH_OWN, [2, 3], "vgg16", "multi_label")
    bounds = bound_label_rows(archive, SEARCH, [2, 3])
    assert list(bounds.columns) == list(rows.columns)
    assert set(bounds["backbone"]) == {"random", "scene oracle", "label oracle"}
    assert set(bounds["labeling"]) == set(bounds["descriptor"]) == {""}
    assert len(bounds) == 3 * 2 * 2 * 5
    assert not bounds.duplicated([*METHOD, "label"]).any()
    for _, one in bounds.groupby(METHOD):
        assert one["queries"].tolist() == [3, 1, 1, 0, 0]
        assert one["database"].tolist() == [4, 2, 1, 1, 0]


def test_the_label_oracle_by_label_worked_out_by_hand(archive):
    rows = bound_label_rows(archive, SEARCH, [1])
    oracle = rows[(rows["backbone"] == "label oracle") & (rows["query"] == "excluded")]
    # v finds z; w finds v, the first of those that share half; y finds v, too.
    by_name = oracle.set_index("label")
    assert by_name["precision"].tolist()[:3] == [1, 0, 0]
    assert by_name["false_alarm"].tolist()[1:] == [0] * 4


def test_bounds_by_label_add_up_to_their_scores(archive):
    rows = bound_label_rows(archive, SEARCH, [2])
    acg = bound_scores(archive, SEARCH, [2]).groupby(["backbone", "query"])["acg"].sum()
    shared = (rows["precision"] * rows["queries"]).groupby([rows["backbone"], rows["query"]]).sum()
    pd.testing.assert_series_equal(shared, acg, check_names=False)


def test_without_scenes_no_scene_oracle_has_labels(archive):
    bounds = bound_label_rows(archive.assign(scene=""), SEARCH, [2])
    assert set(bounds["backbone"]) == {"random", "label oracle"}


def test_labels_are_averaged_over_seeds(archive):
    other = {"pool": WITH_OWN["pool"][:, [0, 4, 3, 2, 1]]}
    seeds = [
        label_rows(archive, SEARCH, rankings, [2], "vgg16", "multi_label")
        for rankings in (WITH_OWN, WITH_OWN, other)
    ]
    bounds = bound_label_rows(archive, SEARCH, [2])
    table = by_label(pd.concat([*seeds, bounds], ignore_index=True))
    assert list(table.columns) == [*METHOD, "label", "queries", "database", *LABEL_METRICS]
    assert len(table) == (1 + 3) * 2 * 5
    assert table["backbone"].drop_duplicates().tolist() == [
        *("vgg16", "random", "scene oracle", "label oracle")
    ]
    selected = table[table["backbone"] == "vgg16"]
    keys = ["query", "label", "queries", "database"]
    pd.testing.assert_frame_equal(
        selected[keys].reset_index(drop=True), seeds[0][keys].reset_index(drop=True)
    )
    values = [one[[*LABEL_METRICS]].to_numpy() for one in seeds]
    np.testing.assert_allclose(selected[[*LABEL_METRICS]], sum(values) / 3)
    assert (values[0] != values[2]).any()
    pd.testing.assert_frame_equal(
        table[table["backbone"] != "vgg16"].reset_index(drop=True), bounds
    )
