"""Scores by scene worked out by hand on five images."""

import pandas as pd
import pytest
from five_images import QUERIES, SEARCH, WITH_OWN, five_images

from rsir.evaluation.by_scene import by_scene
from rsir.evaluation.methods import METHOD
from rsir.evaluation.scores import bound_scores, query_scores
from rsir.metrics.scoring import METRICS


@pytest.fixture
def archive() -> pd.DataFrame:
    return five_images()


def scores_by_seed(archive):
    """Two seeds of a method, whose rankings differ, one off the shelf, the bounds."""
    other = {"pool": WITH_OWN["pool"][:, [0, 4, 3, 2, 1]]}
    return pd.concat(
        [
            query_scores(archive, SEARCH, WITH_OWN, [1, 2], "vgg16", "multi_label", 0),
            query_scores(archive, SEARCH, other, [1, 2], "vgg16", "multi_label", 1),
            query_scores(archive, SEARCH, WITH_OWN, [1, 2], "vgg16", "off_the_shelf", None),
            bound_scores(archive, SEARCH, [1, 2]),
        ],
        ignore_index=True,
    )


def test_scenes_worked_out_by_hand(archive):
    scenes = archive.set_index("image")["scene"]
    table = by_scene(scores_by_seed(archive), scenes)
    assert list(table.columns) == [*METHOD, "scene", "queries", *METRICS]
    assert len(table) == (2 + 3) * 2 * 2 * 2
    assert not table.duplicated([*METHOD, "scene"]).any()
    assert set(zip(table["scene"], table["queries"], strict=True)) == {("port", 2), ("farm", 1)}
    methods = table[table["labeling"] != ""]
    means = methods.set_index(["labeling", "query", "k", "scene"])["accuracy"].sort_index()
    # Off the shelf, v (all) finds w (all, some), w finds x (some, other), y (all, rare) finds v.
    assert means["off_the_shelf", "excluded", 1, "port"] == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert means["off_the_shelf", "excluded", 1, "farm"] == pytest.approx(1 / 2)
    # With the other seed, v finds z (all), w finds y, y finds z.
    assert means["multi_label", "excluded", 1, "port"] == pytest.approx(
        (1 / 2 + 1 / 3 + 1 + 1 / 3) / 4
    )
    assert means["multi_label", "excluded", 1, "farm"] == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert means["multi_label", "included", 1].tolist() == [1, 1]


def test_scenes_add_up_to_the_mean_over_queries(archive):
    scores = scores_by_seed(archive)
    table = by_scene(scores, archive.set_index("image")["scene"])
    weighted = table[[*METRICS]].mul(table["queries"], axis=0).groupby([table[c] for c in METHOD])
    whole = scores.groupby(METHOD)[[*METRICS]].mean()
    pd.testing.assert_frame_equal(weighted.sum() / len(QUERIES), whole)


def test_scenes_keep_the_order_of_the_scores(archive):
    scores = scores_by_seed(archive)
    table = by_scene(scores, archive.set_index("image")["scene"])
    methods = scores[METHOD].drop_duplicates().itertuples(index=False)
    assert list(table[METHOD].drop_duplicates().itertuples(index=False)) == list(methods)


def test_a_query_without_a_score_is_left_out_of_its_scene(archive):
    """Relevant to ANMRR are other images of the scene: a query that is alone in it has none."""
    alone = archive.assign(scene=["port", "quay", "port", "farm", "farm"])
    scores = query_scores(alone, SEARCH, WITH_OWN, [1], "vgg16", "off_the_shelf", None)
    table = by_scene(scores, alone.set_index("image")["scene"])
    by_scene_name = table[table["query"] == "excluded"].set_index("scene")
    assert by_scene_name["anmrr"].isna().to_dict() == {"port": False, "quay": True, "farm": False}
    assert by_scene_name["accuracy"].notna().all()


def test_without_scenes_there_is_no_row(archive):
    without = archive.assign(scene="")
    table = by_scene(scores_by_seed(without), without.set_index("image")["scene"])
    assert len(table) == 0
    assert list(table.columns) == [*METHOD, "scene", "queries", *METRICS]
