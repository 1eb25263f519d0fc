"""Scores of all metrics for whole searches, and the depth of rankings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_cases import (
    DATABASE,
    NOT_IN_DATABASE,
    SCENES,
    label_matrices,
    label_sets,
    random_problem,
    score,
)

from rsir.core.errors import InputError
from rsir.metrics.scoring import METRICS, ranking_depth, score_rankings
from rsir.search.protocol import without


def test_hand_computed_values() -> None:
    # The query ab (row 0) retrieves a, cd, ab: overlaps 1, 0, 2.
    scores = score([2, 3, 1, 4, 6, 5], "ab", 0, cutoff=3)
    assert scores == pytest.approx(
        {
            "accuracy": (1 / 2 + 0 + 1) / 3,
            "precision": (1 + 0 + 1) / 3,
            "recall": (1 / 2 + 0 + 1) / 3,
            "f1": (2 / 3 + 0 + 1) / 3,
            "hamming_loss": (1 / 4 + 4 / 4 + 0) / 3,
            "acg": (1 + 0 + 2) / 3,
            # Gains 1, 0, 3; the ideal ranking starts with ab, abc and a or bcd: gains 3, 3, 1.
            "ndcg": (1 + 3 / 2) / (3 + 3 / np.log2(3) + 1 / 2),
            # ACG is 1 at rank 1 and 1 at rank 3; rank 2 shares no label.
            "wap": 1,
            # Four images are relevant (ab, a, abc, bcd), more than the cutoff, so the divisor is 3.
            "map": (1 + 2 / 3) / 3,
            "map_jaccard": (1 + 2 / 3) / 3,
            "anmrr": np.nan,
        },
        nan_ok=True,
    )
    assert tuple(scores) == METRICS


def test_an_included_query_counts_in_the_ranking_and_in_the_ideal() -> None:
    scores = score([0, 3, 2], "ab", -1, cutoff=2)
    assert scores["accuracy"] == pytest.approx(1 / 2)
    assert scores["ndcg"] == pytest.approx(3 / (3 + 3 / np.log2(3)))
    # The ideal ranking is the query, ab, abc; without the query, a takes the third rank.
    assert score([0, 1, 4], "ab", -1, cutoff=3)["ndcg"] == pytest.approx(1)
    assert score([1, 4, 2], "ab", 0, cutoff=3)["ndcg"] == pytest.approx(1)


def test_a_query_without_relevant_images_scores_0() -> None:
    scores = score([0, 1], "d", -1, cutoff=2, database=label_sets("ab", "c", "abc"))
    for metric in ("accuracy", "acg", "ndcg", "wap", "map", "map_jaccard"):
        assert scores[metric] == 0, metric


def test_hand_computed_anmrr() -> None:
    ranked = np.array([[2, 3, 1, 4, 6, 5]])
    labels, own_rows = DATABASE[:1], np.array([[0]])
    scores = score_rankings(ranked, labels, DATABASE, SCENES[:1], SCENES, own_rows, cutoff=1)
    # Two other ports, at ranks 2 and 3; K = 4.
    assert scores["anmrr"] == pytest.approx((2.5 - 1.5) / (1.25 * 4 - 1.5))

    included = np.array([[0, 2, 3, 4, 6, 5, 1]])
    scores = score_rankings(included, labels, DATABASE, SCENES[:1], SCENES, NOT_IN_DATABASE, 1)
    # Three ports, at ranks 1, 3 and 7; K = 6, so the last is counted at rank 7.5.
    assert scores["anmrr"] == pytest.approx(((1 + 3 + 7.5) / 3 - 2) / (7.5 - 2))


def test_anmrr_of_the_only_image_of_a_scene_is_nan() -> None:
    scenes = np.array(["lake", "port", "port", "farm", "farm", "farm", "farm"])
    own_rows = np.array([[0], [1]])
    ranked = without(np.tile(np.arange(7), (2, 1)), own_rows)
    scores = score_rankings(ranked, DATABASE[:2], DATABASE, scenes[:2], scenes, own_rows, cutoff=2)
    assert np.isnan(scores["anmrr"]).tolist() == [True, False]


@settings(deadline=None)
@given(labels=label_matrices, seed=st.integers(0, 2**32 - 1))
def test_scores_are_in_range_and_do_not_depend_on_the_order_of_the_archive(
    labels: np.ndarray, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    images = len(labels)
    scenes = rng.choice(["farm", "lake", "port"], images)
    own_rows = np.arange(3)[:, None]
    ranked = without(rng.permuted(np.tile(np.arange(images), (3, 1)), axis=1), own_rows)
    cutoff = int(rng.integers(1, images))
    scores = score_rankings(ranked, labels[:3], labels, scenes[:3], scenes, own_rows, cutoff)
    for metric, values in scores.items():
        top = labels.shape[1] if metric in ("acg", "wap") else 1
        valid = values[~np.isnan(values)]
        assert ((valid >= -1e-12) & (valid <= top + 1e-12)).all(), metric

    order = rng.permutation(images)
    position = np.argsort(order)
    permuted = score_rankings(
        position[ranked],
        labels[:3],
        labels[order],
        scenes[:3],
        scenes[order],
        position[own_rows],
        cutoff,
    )
    for metric, values in scores.items():
        np.testing.assert_allclose(permuted[metric], values, rtol=1e-12, err_msg=metric)


def test_scores_do_not_depend_on_the_blocks_of_queries() -> None:
    database, ranked, own_rows = random_problem(4, queries=2500, database=2500, labels=17)
    scores = score_rankings(ranked[:, :20], database, database, None, None, own_rows, cutoff=20)
    for start in range(0, 2500, 500):
        part = slice(start, start + 500)
        expected = score_rankings(
            ranked[part, :20], database[part], database, None, None, own_rows[part], cutoff=20
        )
        for metric in METRICS:
            np.testing.assert_allclose(scores[metric][part], expected[metric], rtol=1e-12)


@pytest.mark.parametrize("protocol", ["excluded", "included"])
def test_ranking_depth_is_sufficient_for_all_metrics(protocol: str) -> None:
    rng = np.random.default_rng(5)
    scenes = np.repeat(["farm", "lake", "port", "town", "dunes"], [4, 3, 3, 3, 3])
    labels = rng.random((16, 4)) < 0.5
    depth = ranking_depth([3], 16, scenes, scenes)
    assert depth == 2 * 4 + 1
    excluded_rows = np.arange(16)[:, None][:, : protocol == "excluded"]
    ranked = rng.permuted(np.tile(np.arange(16), (16, 1)), axis=1)
    to_score = (labels, labels, scenes, scenes)
    part, whole = (without(rows, excluded_rows) for rows in (ranked[:, :depth], ranked))
    np.testing.assert_array_equal(
        score_rankings(part, *to_score, excluded_rows, 3)["anmrr"],
        score_rankings(whole, *to_score, excluded_rows, 3)["anmrr"],
    )
    with pytest.raises(InputError, match="ANMRR needs"):
        score_rankings(part[:, :5], *to_score, excluded_rows, 3)


def test_ranking_depth_without_scenes_and_in_a_small_database() -> None:
    assert ranking_depth([5, 10], 100, None, None) == 11
    scenes = np.array(["farm"] * 6)
    assert ranking_depth([5], 6, scenes, scenes) == 6


def test_cutoffs_that_are_too_large_are_refused() -> None:
    with pytest.raises(InputError, match=r"retrieval\.cutoffs: 6 is more than the 5 images"):
        ranking_depth([2, 6], 6, None, None)
    with pytest.raises(InputError, match=r"retrieval\.cutoffs: 3 is more than the 2 images"):
        score([1, 2], "ab", 0, cutoff=3)
