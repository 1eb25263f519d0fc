"""Bounds against the published labels of UC Merced, and on a small example."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from project import SHARED
from rsir.core.errors import InputError
from rsir.evaluation.bounds import BOUNDS, bound_rankings, repeated_rankings, score_bounds
from rsir.metrics.arrays import Ints
from rsir.metrics.scoring import METRICS, score_rankings
from rsir.search.protocol import KEPT, Condition

LABELS = SHARED / "reference" / "LandUse_Multilabeled.txt"


@pytest.fixture(scope="module")
def ucmerced() -> dict[str, Any]:
    """The last 20 images of each class of UC Merced, as queries and as database."""
    if not LABELS.is_file():
        pytest.skip("the label file of UC Merced is not available")
    table = pd.read_csv(LABELS, sep="\t", index_col=0)
    names = table.index.str.extract(r"^(?P<scene>\D+)(?P<number>\d+)$")
    test = names["number"].astype(int).to_numpy() >= 80
    labels = table.to_numpy(dtype=bool)[test]
    scenes = names["scene"].to_numpy(dtype=str)[test]
    return {
        "query_labels": labels,
        "database_labels": labels,
        "query_scenes": scenes,
        "database_scenes": scenes,
        "own_rows": np.arange(len(labels)),
    }


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    """Three queries of two scenes, of which the last is not in the database of six."""
    labels = np.array(
        [[1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1], [1, 1, 1], [0, 0, 0]], dtype=bool
    )
    return {
        "query_labels": labels[[0, 1, 5]],
        "database_labels": labels,
        "query_scenes": np.array(["farm", "port", "port"]),
        "database_scenes": np.array(["farm", "port", "port", "farm", "farm", "port"]),
        "own_rows": np.array([0, 1, -1]),
    }


def condition(arrays: dict[str, Any], protocol: str = "excluded") -> Condition:
    own_rows = arrays["own_rows"][:, None]
    excluded = own_rows if protocol == "excluded" else own_rows[:, :0]
    return Condition(protocol, KEPT, np.arange(len(own_rows)), excluded)


def scores_of(
    cutoffs: list[int], arrays: dict[str, Any], protocol: str = "excluded", seed: int = 0
) -> dict[str, Any]:
    (scores,) = score_bounds([condition(arrays, protocol)], cutoffs, **arrays, seed=seed)
    return scores


def ranked_by(bound: str, arrays: dict[str, Any], depth: int, rng: np.random.Generator) -> Ints:
    """Return the ranking of each query, once."""
    queries = np.arange(len(arrays["own_rows"]))
    blocks = bound_rankings(bound, **arrays, queries=queries, depth=depth, rng=rng)
    return np.concatenate([ranked for _, ranked in blocks])


PAIR_METRICS = ("accuracy", "precision", "recall", "hamming_loss")


@pytest.mark.parametrize(
    ("protocol", "bound", "expected"),
    [
        ("excluded", "random", (0.231, 0.349, 0.349, 0.248)),
        ("excluded", "scene oracle", (0.714, 0.817, 0.817, 0.084)),
        ("excluded", "label oracle", (0.820, 0.880, 0.926, 0.047)),
        ("included", "scene oracle", (0.753, 0.851, 0.851)),
        ("included", "label oracle", (0.841, 0.894, 0.936)),
    ],
)
def test_ucmerced_has_known_scores(
    ucmerced: dict[str, Any], protocol: str, bound: str, expected: tuple[float, ...]
) -> None:
    scores = scores_of([20], ucmerced, protocol)[bound][20]
    means = [scores[metric].mean() for metric in PAIR_METRICS[: len(expected)]]
    assert means == pytest.approx(expected, abs=0.0015)


@pytest.mark.parametrize(
    ("bound", "acg", "ndcg"),
    [("random", 1.21, 0.240), ("scene oracle", 2.60, 0.771), ("label oracle", 3.01, 0.979)],
)
def test_ucmerced_has_known_graded_scores(
    ucmerced: dict[str, Any], bound: str, acg: float, ndcg: float
) -> None:
    scores = scores_of([20], ucmerced)[bound][20]
    assert scores["acg"].mean() == pytest.approx(acg, abs=0.0075)
    assert scores["ndcg"].mean() == pytest.approx(ndcg, abs=0.0015)


def test_ucmerced_map_saturates(ucmerced: dict[str, Any]) -> None:
    scores = {bound: of_cutoff[20] for bound, of_cutoff in scores_of([20], ucmerced).items()}
    assert scores["label oracle"]["map"].mean() == 1
    assert scores["label oracle"]["map_jaccard"].mean() == 1
    # 19 of 20 are of the query's scene; the random one shares a label in 0.6 of the lists.
    assert scores["scene oracle"]["map"].mean() == pytest.approx(0.981, abs=0.0015)
    assert scores["scene oracle"]["anmrr"].max() == 0


def test_another_seed_changes_the_means_by_less_than_0_002(ucmerced: dict[str, Any]) -> None:
    one, two = (scores_of([20], ucmerced, seed=seed) for seed in (0, 1))
    for bound in BOUNDS:
        for metric in set(METRICS) - {"acg", "wap"}:
            means = [scores[bound][20][metric].mean() for scores in (one, two)]
            assert means[0] == pytest.approx(means[1], abs=0.002), (bound, metric)
    assert (one["random"][20]["accuracy"] != two["random"][20]["accuracy"]).any()


def test_the_same_seed_gives_the_same_scores(small: dict[str, Any]) -> None:
    one, two = (scores_of([2], small, seed=3) for _ in range(2))
    np.testing.assert_equal(one, two)
    other = scores_of([2], small, seed=4)
    assert (one["random"][2]["accuracy"] != other["random"][2]["accuracy"]).any()


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_ranking_holds_each_image_once_and_starts_with_the_query(
    small: dict[str, Any], bound: str
) -> None:
    ranked = ranked_by(bound, small, 6, np.random.default_rng(0))
    assert np.sort(ranked, axis=1).tolist() == [[0, 1, 2, 3, 4, 5]] * 3
    assert ranked[:2, 0].tolist() == [0, 1]


def test_scene_oracle_ranks_the_scene_first(small: dict[str, Any]) -> None:
    ranked = ranked_by("scene oracle", small, 6, np.random.default_rng(0))
    assert [set(row[:3]) for row in ranked.tolist()] == [{0, 3, 4}, {1, 2, 5}, {1, 2, 5}]


def test_label_oracle_ranks_by_jaccard_and_ties_by_archive_order(small: dict[str, Any]) -> None:
    ranked = ranked_by("label oracle", small, 6, np.random.default_rng(0))
    # With {0, 1}: 1, 1, 1/2, 0, 2/3, 0. Without labels: 1 for the last and 0 for the others.
    assert ranked.tolist() == [[0, 1, 4, 2, 3, 5], [1, 0, 4, 2, 3, 5], [5, 0, 1, 2, 3, 4]]


def test_random_puts_every_other_image_first_equally_often(small: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    second = [ranked_by("random", small, 2, rng)[0, 1] for _ in range(2000)]
    shares = np.bincount(second, minlength=6) / 2000
    assert shares[0] == 0
    assert shares[1:] == pytest.approx(0.2, abs=0.04)


@pytest.mark.parametrize(
    ("protocol", "own_rows"), [("excluded", [[0], [1], [-1]]), ("included", [[], [], []])]
)
def test_repetitions_are_blocks_of_all_queries(
    small: dict[str, Any], protocol: str, own_rows: list[list[int]]
) -> None:
    rankings = {
        bound: rest
        for bound, _, *rest in repeated_rankings([condition(small, protocol)], [1, 2], **small)
    }
    assert tuple(rankings) == BOUNDS
    assert rankings["label oracle"][0].tolist() == [0, 1, 2]
    for queries, ranked, excluded, _ in rankings.values():
        times, rest = divmod(len(queries), 3)
        assert rest == 0
        assert queries.tolist() == [0, 1, 2] * times
        assert excluded.tolist() == own_rows * times
        assert not ((ranked[:, :, None] == excluded[:, None]) & (excluded >= 0)[:, None]).any()
    assert len(np.unique(rankings["random"][1], axis=0)) > 50  # each drawn independently


def test_random_rankings_are_repeated_until_means_are_accurate(ucmerced: dict[str, Any]) -> None:
    times = {
        bound: len(queries) / len(ucmerced["own_rows"])
        for bound, _, queries, *_ in repeated_rankings([condition(ucmerced)], [5], **ucmerced)
    }
    assert times["label oracle"] == 1
    assert times["random"] == times["scene oracle"] == 48  # 20,160 rankings of 420 queries


@pytest.mark.parametrize("protocol", ["excluded", "included"])
def test_a_score_is_the_mean_over_the_rankings_of_its_query(
    small: dict[str, Any], protocol: str
) -> None:
    scores = scores_of([2], small, protocol, seed=3)
    of_protocol = [condition(small, protocol)]
    for bound, _, queries, ranked, excluded, _ in repeated_rankings(
        of_protocol, [2], **small, seed=3
    ):
        labels = small["query_labels"][queries], small["database_labels"]
        scenes = small["query_scenes"][queries], small["database_scenes"]
        each = score_rankings(ranked, *labels, *scenes, excluded, 2)
        for metric in METRICS:
            means = [each[metric][queries == query].mean() for query in range(3)]
            np.testing.assert_allclose(scores[bound][2][metric], means)


def test_every_cutoff_and_query_is_scored(small: dict[str, Any]) -> None:
    scores = scores_of([1, 3], small, "included")
    assert tuple(scores) == BOUNDS
    for of_bound in scores.values():
        assert list(of_bound) == [1, 3]
        assert of_bound[1]["accuracy"][:2].tolist() == [1, 1]
        assert {values.shape for values in of_bound[3].values()} == {(3,)}


def test_without_scenes_there_is_no_scene_oracle(small: dict[str, Any]) -> None:
    without = {**small, "query_scenes": None, "database_scenes": None}
    scores = scores_of([2], without)
    assert tuple(scores) == ("random", "label oracle")
    assert np.isnan(scores["random"][2]["anmrr"]).all()
    with pytest.raises(InputError, match="no scenes"):
        ranked_by("scene oracle", without, 2, np.random.default_rng(0))


def test_a_cutoff_larger_than_the_database_is_refused(small: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"retrieval\.cutoffs: 6"):
        scores_of([6], small)
