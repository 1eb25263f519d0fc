"""Contrasts worked out by hand and compared with other libraries."""

import numpy as np
import pandas as pd
import pytest
from contrast_tables import (
    FIRST,
    LBP,
    METHODS,
    MULTI,
    ORACLE,
    RANDOM,
    SECOND,
    SHELF,
    SINGLE,
    pairs_of,
    row_of,
    rows,
    scenes,
    simulated,
    table_of,
    two_seeds,
)
from scipy import stats
from statsmodels.stats.multitest import multipletests

from rsir.evaluation.contrasts import contrasts
from rsir.metrics.scoring import METRICS
from rsir.statistics.bootstrap import clustered_interval, mean_interval
from rsir.statistics.sign_flip_test import clustered_sign_flip_p

pytestmark = pytest.mark.usefixtures("little_to_collect")


def test_differences_wins_and_p_worked_out_by_hand():
    table = table_of(two_seeds())
    assert pairs_of(table) == [(MULTI, SHELF)]
    assert table["metric"].tolist() == list(METRICS)
    for row in table.to_dict("records"):
        # Seeds averaged, the queries differ by 0.2, -0.1, 0 and 0.3.
        assert row["difference"] == pytest.approx(0.1)
        assert (row["seeds"], row["queries"]) == (2, 4)
        lower_is_better = row["metric"] in ("hamming_loss", "anmrr")
        expected = (1, 1, 2) if lower_is_better else (2, 1, 1)
        assert (row["wins"], row["ties"], row["losses"]) == expected
        # Of the flips of three, ±0.6 and ±0.4 are as far from zero as 0.4; 0 and ±0.2 are not.
        assert row["p"] == pytest.approx(0.5, abs=0.02)
        assert row["p_holm"] == row["p"]


def test_the_difference_is_the_first_minus_the_second():
    table = table_of([rows(MULTI, [[0.2, 0.3]]), rows(SHELF, [[0.5, 0.7]]), rows(RANDOM, [[0, 0]])])
    assert row_of(table, MULTI, SHELF)["difference"] == pytest.approx(-0.35)
    assert row_of(table, RANDOM, SHELF)["difference"] == pytest.approx(-0.6)
    assert row_of(table, MULTI, SHELF)[["wins", "losses"]].tolist() == [0, 2]
    assert row_of(table, MULTI, SHELF, "anmrr")[["wins", "losses"]].tolist() == [2, 0]


def test_what_differs_by_rounding_alone_is_a_tie():
    tenths = [[0.1 + 0.2, 0.3, 0.7, 0.3]]
    table = table_of([rows(MULTI, tenths), rows(SHELF, [[0.3, 0.1 + 0.2, 0.7, 0.299]])])
    row = row_of(table, MULTI, SHELF)
    assert (row["wins"], row["ties"], row["losses"]) == (1, 3, 0)


def test_seeds_are_averaged_before_the_test():
    # Each seed is far better for half of the queries and worse for the others; the mean is as good.
    half = np.repeat([0.4, -0.4], 10)
    shelf = np.full(20, 0.5)
    table = table_of([rows(SHELF, [shelf]), rows(MULTI, [shelf + half, shelf - half])])
    row = row_of(table, MULTI, SHELF)
    assert (row["ties"], row["p"], row["queries"]) == (20, 1, 20)
    # A small difference in each seed that is constant over queries is significant.
    table = table_of([rows(SHELF, [shelf]), rows(MULTI, [shelf + half + 0.01, shelf - half])])
    row = row_of(table, MULTI, SHELF)
    assert row["difference"] == pytest.approx(0.005)
    assert row["wins"] == 20
    assert row["p"] < 0.001


def test_seeds_of_both_are_paired():
    rng = np.random.default_rng(1)
    luck = rng.normal(0, 0.2, (3, 1))
    scores = rng.normal(0.6, 0.1, (3, 25))
    multi, single = rows(MULTI, scores + luck), rows(SINGLE, scores + luck - 0.05)
    for second in (single, single[::-1].sort_values("image", kind="stable")):
        row = row_of(table_of([multi, second]), MULTI, SINGLE)
        assert row["seeds"] == 3
        assert (row["seed_low"], row["seed_high"]) == pytest.approx((0.05, 0.05))


def test_intervals_are_those_of_the_queries_the_scenes_and_the_seeds():
    rng = np.random.default_rng(2)
    shelf, multi = rng.random((1, 30, len(METRICS))), rng.random((3, 30, len(METRICS)))
    names = list("abcdef") * 5
    table = table_of([rows(SHELF, shelf), rows(MULTI, multi)], names)
    differences = (multi - shelf).mean(axis=0)
    by_query = stats.bootstrap(
        (differences[:, 3],), np.mean, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    row = row_of(table, MULTI, SHELF, METRICS[3])
    assert (row["low"], row["high"]) == pytest.approx(tuple(by_query), rel=1e-9)
    low, high = clustered_interval(differences, np.array(names))
    assert table["scene_low"].to_numpy() == pytest.approx(low)
    assert table["scene_high"].to_numpy() == pytest.approx(high)
    _, low, high = mean_interval(multi - shelf)
    assert table["seed_low"].to_numpy() == pytest.approx(low)
    assert table["seed_high"].to_numpy() == pytest.approx(high)


def test_scenes_are_found_by_the_name_of_the_image():
    rng = np.random.default_rng(3)
    parts = [rows(SHELF, rng.random((1, 12))), rows(MULTI, rng.random((1, 12)))]
    names = scenes("aaaabbccddef")
    more = pd.concat([pd.Series({"not a query": "port"}), names[::-1]])
    scores = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(contrasts("mine", scores, more), contrasts("mine", scores, names))
    # Of images whose names do not come in the order of the queries, too.
    other = dict(zip(names.index, [f"{12 - number:02}" for number in range(12)], strict=True))
    renamed = scores.assign(image=scores["image"].map(other))
    pd.testing.assert_frame_equal(
        contrasts("mine", renamed, names.rename(other).sort_index()),
        contrasts("mine", scores, names),
    )


def test_without_two_scenes_or_two_seeds_their_intervals_are_empty():
    for names in (["", "", "", ""], ["port"] * 4):
        table = table_of(two_seeds(), names)
        assert table[["scene_low", "scene_high"]].isna().all(axis=None)
        assert table[["seed_low", "seed_high", "low", "high"]].notna().all(axis=None)
    bound = rows(ORACLE, [[1, 1, 1, 1]])
    table = table_of([*two_seeds(), bound], ["port", "port", "farm", "farm"])
    assert table[["scene_low", "scene_high"]].notna().all(axis=None)
    single = table["seeds"] == 1
    assert set(table[single]["backbone"]) == {"label oracle"}
    assert table[single][["seed_low", "seed_high"]].isna().all(axis=None)
    assert table[~single][["seed_low", "seed_high"]].notna().all(axis=None)


def holm(p: np.ndarray) -> np.ndarray:
    """Adjust p values as Holm wrote it: the smallest by all, the next by one less, never down."""
    adjusted, largest = np.empty(len(p)), 0.0
    for rank, place in enumerate(np.argsort(p)):
        largest = max(largest, min(1, (len(p) - rank) * p[place]))
        adjusted[place] = largest
    return adjusted


def test_p_values_are_adjusted_over_the_contrasts_of_a_metric_condition_and_cutoff():
    rng = np.random.default_rng(4)
    table = table_of(
        rows(method, rng.normal(0.5, 0.2, (1, 30, len(METRICS))), query, k, duplicates)
        for query, duplicates in (
            ("excluded", "kept"),
            ("excluded", "removed"),
            ("included", "kept"),
        )
        for k in (1, 20)
        for method in (*METHODS, LBP, RANDOM)
    )
    families = table.groupby(["metric", "query", "duplicates", "k"])
    assert len(families) == len(METRICS) * 6
    for _, family in families:
        p = family["p"].to_numpy()
        assert len(p) == 4 + 3 + 5 + 1
        assert family["p_holm"].to_numpy() == pytest.approx(holm(p))
        assert family["p_holm"].to_numpy() == pytest.approx(multipletests(p, method="holm")[1])


def test_a_metric_that_is_nan_everywhere_has_neither_p_nor_interval():
    rng = np.random.default_rng(5)
    values = rng.random((3, 1, 20, len(METRICS)))
    with_anmrr = table_of(list(map(rows, (SHELF, SINGLE, MULTI), values)))
    values[..., METRICS.index("anmrr")] = np.nan
    table = table_of(list(map(rows, (SHELF, SINGLE, MULTI), values)))
    unknown = (table["metric"] == "anmrr").to_numpy()
    assert table[unknown][["difference", "low", "high", "p", "p_holm"]].isna().all(axis=None)
    assert (table[unknown][["queries", "wins", "ties", "losses"]] == 0).all(axis=None)
    pd.testing.assert_frame_equal(table[~unknown], with_anmrr[~unknown])


def test_a_query_that_is_nan_is_left_out_of_its_metric_only():
    rng = np.random.default_rng(6)
    values = rng.random((2, 2, 20, len(METRICS)))
    values[:, :, 4, METRICS.index("anmrr")] = np.nan
    table = table_of(list(map(rows, (SINGLE, MULTI), values)))
    row = row_of(table, MULTI, SINGLE, "anmrr")
    kept = np.delete(values[1] - values[0], 4, axis=1).mean(axis=0)[:, METRICS.index("anmrr")]
    assert row["difference"] == pytest.approx(kept.mean())
    assert (row["queries"], row["wins"] + row["losses"]) == (19, 19)
    assert set(table[table["metric"] != "anmrr"]["queries"]) == {20}


def sorted_by_name(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values([*FIRST, *SECOND, "query", "k", "metric"], ignore_index=True)


def test_the_order_of_methods_and_seeds_does_not_matter():
    rng = np.random.default_rng(7)
    parts = simulated(rng, (*METHODS, LBP, RANDOM), seeds=2, cutoffs=(1, 5))
    names = list("abcd") * 10
    # Parts are of a method each, with its seeds one after the other.
    halves = [half for part in parts[::-1] for half in (part[40:], part[:40])]
    table, other = table_of(parts, names), table_of(halves, names)
    pd.testing.assert_frame_equal(sorted_by_name(table), sorted_by_name(other))


def test_a_second_call_gives_the_same_numbers():
    parts = simulated(np.random.default_rng(8), seeds=2)
    names = list("abcd") * 10
    pd.testing.assert_frame_equal(table_of(parts, names), table_of(parts, names), check_exact=True)


def test_scenes_groups_and_seeds_have_tests_of_their_own():
    rng = np.random.default_rng(12)
    shelf, multi = rng.random((1, 30, len(METRICS))), rng.random((3, 30, len(METRICS)))
    single = rng.random((3, 30, len(METRICS)))
    names = scenes(list("abcdef") * 5)
    groups = scenes([str(number // 3) for number in range(30)])
    scores = pd.concat([rows(SHELF, shelf), rows(MULTI, multi), rows(SINGLE, single)])
    table = contrasts("sample", scores, names, [["*/*/*", "*/off_the_shelf/*"]], groups=groups)
    differences = (multi - shelf).mean(axis=0)
    of_multi = table[table["labeling"] == "multi_label"]
    p = clustered_sign_flip_p(differences, names.to_numpy(str))
    assert of_multi["scene_p"].to_numpy() == pytest.approx(p)
    assert (of_multi[["scenes", "groups"]] == [6, 10]).all(axis=None)
    p = clustered_sign_flip_p(differences, groups.to_numpy(str))
    assert of_multi["group_p"].to_numpy() == pytest.approx(p)
    p = stats.ttest_1samp(multi.mean(axis=1), shelf[0].mean(axis=0)).pvalue
    assert of_multi["seed_p"].to_numpy() == pytest.approx(p)
    for unit in ("scene", "group", "seed"):
        for _, family in table.groupby("metric"):
            expected = multipletests(family[f"{unit}_p"], method="holm")[1]
            assert family[f"{unit}_p_holm"].to_numpy() == pytest.approx(expected)
    factor = stats.norm.isf(0.05 / 4) + stats.norm.isf(0.2)
    assert of_multi["detectable"].to_numpy() == pytest.approx(factor * stats.sem(differences))


def test_what_has_no_scenes_no_groups_and_no_seeds_has_no_such_test():
    row = row_of(
        table_of([rows(SHELF, [[0.1, 0.2, 0.4]]), rows(MULTI, [[0.3, 0.1, 0.5]])]), MULTI, SHELF
    )
    assert row["scenes"] == 0
    assert row[["scene_p", "group_p", "seed_p", "scene_detectable", "groups"]].isna().all()
    assert row["detectable"] > 0
