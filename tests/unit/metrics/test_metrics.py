"""The metrics against values worked out by hand, scikit-learn and ir-measures."""

from typing import Any

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sklearn_metrics

from rsir.core.errors import InputError
from rsir.metrics.label_pairs import label_overlap
from rsir.metrics.ranked_lists import anmrr_windows, nmrr
from rsir.metrics.scoring import METRICS, ranking_depth, score_rankings
from rsir.search.protocol import under_protocol, without_query

NOT_IN_DATABASE = np.array([-1])


def label_sets(*sets: str) -> np.ndarray:
    """Return one row per set of the letters a to d."""
    return np.array([[letter in labels for letter in "abcd"] for labels in sets])


DATABASE = label_sets("ab", "ab", "a", "cd", "abc", "", "bcd")
SCENES = np.array(["port", "port", "farm", "port", "farm", "farm", "farm"])


def score(
    ranked: list[int], query: str, own_row: int, cutoff: int, database: np.ndarray = DATABASE
) -> dict[str, float]:
    scores = score_rankings(
        np.array([ranked]), label_sets(query), database, None, None, np.array([own_row]), cutoff
    )
    return {metric: values.item() for metric, values in scores.items()}


def random_problem(
    seed: int, queries: int = 30, database: int = 60, labels: int = 9, density: float = 0.3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return database labels, of which the first rows are the queries, and excluded rankings."""
    rng = np.random.default_rng(seed)
    database_labels = rng.random((database, labels)) < density
    ranked = rng.permuted(np.tile(np.arange(database), (queries, 1)), axis=1)
    own_rows = np.arange(queries)
    return database_labels, without_query(ranked, own_rows), own_rows


def test_values_worked_out_by_hand() -> None:
    # The query ab, which is row 0, finds a, cd, ab: overlaps 1, 0, 2.
    scores = score([2, 3, 1, 4, 6, 5], "ab", 0, cutoff=3)
    assert scores == pytest.approx(
        {
            "accuracy": (1 / 2 + 0 + 1) / 3,
            "precision": (1 + 0 + 1) / 3,
            "recall": (1 / 2 + 0 + 1) / 3,
            "f1": (2 / 3 + 0 + 1) / 3,
            "hamming_loss": (1 / 4 + 4 / 4 + 0) / 3,
            "acg": (1 + 0 + 2) / 3,
            # Gains 1, 0, 3; the best three others are ab, abc and one of a, bcd: gains 3, 3, 1.
            "ndcg": (1 + 3 / 2) / (3 + 3 / np.log2(3) + 1 / 2),
            # ACG is 1 at rank 1 and 1 at rank 3; rank 2 shares nothing.
            "wap": 1,
            # Relevant are ab, a, abc, bcd: more than the cutoff, so the divisor is 3.
            "map": (1 + 2 / 3) / 3,
            "map_jaccard": (1 + 2 / 3) / 3,
            "anmrr": np.nan,
        },
        nan_ok=True,
    )
    assert tuple(scores) == METRICS


def test_the_included_query_counts_as_retrieved_and_as_ideal() -> None:
    scores = score([0, 3, 2], "ab", -1, cutoff=2)
    assert scores["accuracy"] == pytest.approx(1 / 2)
    assert scores["ndcg"] == pytest.approx(3 / (3 + 3 / np.log2(3)))
    # The best three are the query, ab and abc; without the query a takes the third rank.
    assert score([0, 1, 4], "ab", -1, cutoff=3)["ndcg"] == pytest.approx(1)
    assert score([1, 4, 2], "ab", 0, cutoff=3)["ndcg"] == pytest.approx(1)


def test_average_precision_divides_by_the_number_relevant_where_that_is_below_the_cutoff() -> None:
    scores = score([2, 3, 1, 4, 6, 5], "ab", 0, cutoff=5)
    assert scores["map"] == pytest.approx((1 + 2 / 3 + 3 / 4 + 4 / 5) / 4)
    # bcd shares a label, but one of four.
    assert scores["map_jaccard"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_weighted_average_precision_skips_ranks_that_share_nothing() -> None:
    # Overlaps 0, 2, 1: ACG is 1 at rank 2 and 1 at rank 3.
    assert score([3, 1, 2], "ab", 0, cutoff=3)["wap"] == pytest.approx(1)
    # Overlaps 2, 0, 0, 1: ACG is 2 at rank 1 and 3/4 at rank 4.
    assert score([1, 3, 5, 2], "ab", 0, cutoff=4)["wap"] == pytest.approx((2 + 3 / 4) / 2)


def test_a_query_without_labels_agrees_only_with_images_without_labels() -> None:
    scores = score([5, 2], "", -1, cutoff=2)
    for metric in ("accuracy", "precision", "recall", "f1"):
        assert scores[metric] == 0.5, metric
    assert scores["hamming_loss"] == pytest.approx((0 + 1 / 4) / 2)
    for metric in ("acg", "ndcg", "wap", "map"):
        assert scores[metric] == 0, metric
    assert scores["map_jaccard"] == 1


def test_a_retrieved_image_without_labels_scores_0() -> None:
    scores = score([5], "ab", 0, cutoff=1)
    for metric in ("accuracy", "precision", "recall", "f1"):
        assert scores[metric] == 0, metric
    assert scores["hamming_loss"] == 2 / 4


def test_a_query_that_nothing_is_relevant_to_scores_0() -> None:
    scores = score([0, 1], "d", -1, cutoff=2, database=label_sets("ab", "c", "abc"))
    for metric in ("accuracy", "acg", "ndcg", "wap", "map", "map_jaccard"):
        assert scores[metric] == 0, metric


def test_anmrr_worked_out_by_hand() -> None:
    ranked = np.array([[2, 3, 1, 4, 6, 5]])
    labels, own_rows = DATABASE[:1], np.array([0])
    scores = score_rankings(ranked, labels, DATABASE, SCENES[:1], SCENES, own_rows, cutoff=1)
    # Two other ports, at ranks 2 and 3; K = 4.
    assert scores["anmrr"] == pytest.approx((2.5 - 1.5) / (1.25 * 4 - 1.5))

    included = np.array([[0, 2, 3, 4, 6, 5, 1]])
    scores = score_rankings(included, labels, DATABASE, SCENES[:1], SCENES, NOT_IN_DATABASE, 1)
    # Three ports, at ranks 1, 3 and 7; K = 6, so the last counts as if at 7.5.
    assert scores["anmrr"] == pytest.approx(((1 + 3 + 7.5) / 3 - 2) / (7.5 - 2))


def test_anmrr_is_0_for_the_perfect_and_1_for_the_worst_ranking() -> None:
    number_relevant = np.array([2, 3, 1])
    window = anmrr_windows(number_relevant)
    assert window.tolist() == [6, 6, 4]
    perfect = np.arange(12) < number_relevant[:, None]
    assert nmrr(perfect, number_relevant, window) == pytest.approx(0)
    worst = perfect[:, ::-1]
    assert nmrr(worst, number_relevant, window) == pytest.approx(1)


def test_anmrr_of_a_query_that_is_alone_in_its_scene_is_nan() -> None:
    scenes = np.array(["lake", "port", "port", "farm", "farm", "farm", "farm"])
    ranked = without_query(np.tile(np.arange(7), (2, 1)), np.array([0, 1]))
    scores = score_rankings(
        ranked, DATABASE[:2], DATABASE, scenes[:2], scenes, np.array([0, 1]), cutoff=2
    )
    assert np.isnan(scores["anmrr"]).tolist() == [True, False]


@pytest.mark.parametrize("density", [0.1, 0.5])
def test_pair_metrics_agree_with_scikit_learn(density: float) -> None:
    database, ranked, own_rows = random_problem(1, density=density)
    cutoff = 7
    scores = score_rankings(ranked, database[own_rows], database, None, None, own_rows, cutoff)
    both_empty = 0
    for query in own_rows:
        retrieved = database[ranked[query, :cutoff]]
        wanted = np.tile(database[query], (cutoff, 1))
        empty = ~(retrieved | wanted).any(axis=1)
        both_empty += empty.sum()
        options: dict[str, Any] = {"average": "samples", "zero_division": 0}
        for metric, oracle in (
            ("accuracy", sklearn_metrics.jaccard_score),
            ("precision", sklearn_metrics.precision_score),
            ("recall", sklearn_metrics.recall_score),
            ("f1", sklearn_metrics.f1_score),
        ):
            # scikit-learn has one value for every 0/0; here two empty sets agree.
            expected = oracle(wanted, retrieved, **options) + empty.mean()
            assert scores[metric][query] == pytest.approx(expected), metric
        expected = sklearn_metrics.hamming_loss(wanted, retrieved)
        assert scores["hamming_loss"][query] == pytest.approx(expected)
    assert (both_empty > 0) == (density == 0.1)


@pytest.mark.parametrize("cutoff", [1, 10, 59])
def test_ndcg_agrees_with_scikit_learn(cutoff: int) -> None:
    database, ranked, own_rows = random_problem(2)
    scores = score_rankings(ranked, database[own_rows], database, None, None, own_rows, cutoff)
    gains = 2.0 ** label_overlap(database[own_rows], database) - 1
    in_rank_order = np.take_along_axis(gains, ranked, axis=1)
    for query in own_rows:
        expected = sklearn_metrics.ndcg_score(
            in_rank_order[[query]], -np.arange(59.0)[None], k=cutoff
        )
        assert scores["ndcg"][query] == pytest.approx(expected)


@pytest.mark.parametrize("cutoff", [5, 59])
@pytest.mark.parametrize("metric", ["map", "map_jaccard"])
def test_average_precision_agrees_with_ir_measures(metric: str, cutoff: int) -> None:
    database, ranked, own_rows = random_problem(3, density=0.15)
    scores = score_rankings(ranked, database[own_rows], database, None, None, own_rows, cutoff)
    shared = label_overlap(database[own_rows], database)
    union = (database[own_rows, None] | database[None]).sum(axis=2)
    relevant = shared > 0 if metric == "map" else (shared >= 0.5 * union)
    relevant[own_rows, own_rows] = False
    qrels = [
        ir_measures.Qrel(str(query), str(row), int(relevant[query, row]))
        for query in own_rows
        for row in range(len(database))
    ]
    run = [
        ir_measures.ScoredDoc(str(query), str(row), -rank)
        for query in own_rows
        for rank, row in enumerate(ranked[query])
    ]
    number_relevant = relevant.sum(axis=1)
    assert number_relevant.min() < 5 < number_relevant.max()
    for found in ir_measures.iter_calc([ir_measures.AP @ cutoff], qrels, run):
        query = int(found.query_id)
        # trec_eval divides by the number relevant, whatever the cutoff.
        scale = number_relevant[query] / max(1, min(cutoff, number_relevant[query]))
        assert scores[metric][query] == pytest.approx(found.value * scale)


label_matrices = st.tuples(st.integers(4, 12), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.bool_, shape)
)


@settings(deadline=None)
@given(labels=label_matrices, seed=st.integers(0, 2**32 - 1))
def test_scores_are_in_range_and_do_not_depend_on_the_order_of_the_archive(
    labels: np.ndarray, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    images = len(labels)
    scenes = rng.choice(["farm", "lake", "port"], images)
    own_rows = np.arange(3)
    ranked = without_query(rng.permuted(np.tile(np.arange(images), (3, 1)), axis=1), own_rows)
    cutoff = int(rng.integers(1, images))
    scores = score_rankings(ranked, labels[:3], labels, scenes[:3], scenes, own_rows, cutoff)
    for metric, values in scores.items():
        top = labels.shape[1] if metric in ("acg", "wap") else 1
        valid = values[~np.isnan(values)]
        assert ((valid >= -1e-12) & (valid <= top + 1e-12)).all(), metric

    order = rng.permutation(images)
    place = np.argsort(order)
    moved = score_rankings(
        place[ranked], labels[:3], labels[order], scenes[:3], scenes[order], place[:3], cutoff
    )
    for metric, values in scores.items():
        np.testing.assert_allclose(moved[metric], values, rtol=1e-12, err_msg=metric)


@settings(deadline=None)
@given(labels=label_matrices)
def test_ranking_by_overlap_has_ndcg_and_map_1(labels: np.ndarray) -> None:
    overlap = label_overlap(labels, labels)
    own_rows = np.arange(len(labels))
    overlap[own_rows, own_rows] = -1
    ranked = np.argsort(-overlap, axis=1, kind="stable")[:, :-1]
    some = overlap.max(axis=1) > 0
    for cutoff in (1, len(labels) - 1):
        scores = score_rankings(ranked, labels, labels, None, None, own_rows, cutoff)
        for metric in ("ndcg", "map"):
            np.testing.assert_allclose(scores[metric], some, rtol=1e-12, err_msg=metric)


def test_many_queries_score_as_they_do_one_part_at_a_time() -> None:
    database, ranked, own_rows = random_problem(4, queries=2500, database=2500, labels=17)
    together = score_rankings(ranked[:, :20], database, database, None, None, own_rows, cutoff=20)
    for start in range(0, 2500, 500):
        part = slice(start, start + 500)
        alone = score_rankings(
            ranked[part, :20], database[part], database, None, None, own_rows[part], cutoff=20
        )
        for metric in METRICS:
            np.testing.assert_allclose(together[metric][part], alone[metric], rtol=1e-12)


def test_without_query_drops_the_own_row_or_the_last() -> None:
    ranked = np.array([[3, 1, 2], [1, 0, 2], [0, 1, 2]])
    others = without_query(ranked, np.array([1, 3, -1]))
    assert others.tolist() == [[3, 2], [1, 0], [0, 1]]


def test_protocols() -> None:
    ranked, own_rows = np.array([[0, 1, 2], [1, 2, 0]]), np.array([0, 1])
    excluded, left_out = under_protocol("excluded", ranked, own_rows)
    assert excluded.tolist() == [[1, 2], [2, 0]]
    assert left_out.tolist() == [0, 1]
    included, left_out = under_protocol("included", ranked, own_rows)
    assert included.tolist() == ranked.tolist()
    assert left_out.tolist() == [-1, -1]
    # Queries that are not in the database cannot find themselves, so nothing is dropped.
    excluded, left_out = under_protocol("excluded", ranked, left_out)
    assert excluded.tolist() == ranked.tolist()


@pytest.mark.parametrize("protocol", ["excluded", "included"])
def test_ranking_depth_is_what_the_metrics_need(protocol: str) -> None:
    rng = np.random.default_rng(5)
    scenes = np.repeat(["farm", "lake", "port", "town", "dunes"], [4, 3, 3, 3, 3])
    labels = rng.random((16, 4)) < 0.5
    depth = ranking_depth([3], 16, scenes, scenes)
    assert depth == 2 * 4 + 1
    own_rows = np.arange(16)
    ranked = rng.permuted(np.tile(own_rows, (16, 1)), axis=1)
    to_score = (labels, labels, scenes, scenes)
    part, left_out = under_protocol(protocol, ranked[:, :depth], own_rows)
    whole, _ = under_protocol(protocol, ranked, own_rows)
    np.testing.assert_array_equal(
        score_rankings(part, *to_score, left_out, 3)["anmrr"],
        score_rankings(whole, *to_score, left_out, 3)["anmrr"],
    )
    with pytest.raises(InputError, match="ANMRR needs"):
        score_rankings(part[:, :5], *to_score, left_out, 3)


def test_ranking_depth_without_scenes_and_in_a_small_database() -> None:
    assert ranking_depth([5, 10], 100, None, None) == 11
    scenes = np.array(["farm"] * 6)
    assert ranking_depth([5], 6, scenes, scenes) == 6


def test_cutoffs_that_are_too_large_are_refused() -> None:
    with pytest.raises(InputError, match=r"retrieval\.cutoffs: 6 is more than the 5 images"):
        ranking_depth([2, 6], 6, None, None)
    with pytest.raises(InputError, match=r"retrieval\.cutoffs: 3 is more than the 2 images"):
        score([1, 2], "ab", 0, cutoff=3)
