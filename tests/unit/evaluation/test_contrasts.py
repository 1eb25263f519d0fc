"""Planned contrasts worked out by hand, against other libraries, and how often they are right."""

import gc
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from rsir.evaluation.contrasts import contrasts, planned
from rsir.evaluation.gain import gain
from rsir.evaluation.tables import write_table
from rsir.metrics.scoring import METRICS
from rsir.statistics.bootstrap import clustered_interval, mean_interval

SHELF = ("vgg16", "off_the_shelf", "pool")
SINGLE = ("vgg16", "single_label", "pool")
MULTI = ("vgg16", "multi_label", "pool")
INDEPENDENT = ("vgg16", "independent", "pool")
POWERSET = ("vgg16", "powerset", "pool")
LBP = ("lbp", "off_the_shelf", "histogram")
RANDOM = ("random", "", "")
ORACLE = ("label oracle", "", "")

BOUNDS = (RANDOM, ORACLE)
METHODS = (SHELF, SINGLE, MULTI, INDEPENDENT, POWERSET)
FIRST = ["backbone", "labeling", "descriptor"]
SECOND = [f"against_{name}" for name in FIRST]


@pytest.fixture(scope="module", autouse=True)
def little_to_collect() -> Iterator[None]:
    """Spare the modules in memory: statsmodels collects garbage each time it adjusts p values."""
    gc.freeze()
    yield
    gc.unfreeze()


def images(queries: int) -> list[str]:
    return [f"image {number:03}" for number in range(queries)]


def scenes(names) -> pd.Series:
    return pd.Series(list(names), index=images(len(names)), dtype=str)


def rows(description, values, query="excluded", k=1) -> pd.DataFrame:
    """Scores (seeds, queries) or (seeds, queries, metrics); seeds that are one have no number."""
    values = np.asarray(values, float)
    if values.ndim == 2:
        values = np.repeat(values[:, :, None], len(METRICS), axis=2)
    tables = []
    for seed, of_seed in enumerate(values):
        table = pd.DataFrame(of_seed, columns=list(METRICS))
        table["backbone"], table["labeling"], table["descriptor"] = description
        table["seed"] = np.nan if len(values) == 1 else seed
        table["query"], table["k"], table["image"] = query, k, images(len(of_seed))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def table_of(parts, scenes_of_queries=None) -> pd.DataFrame:
    scores = pd.concat(parts, ignore_index=True)
    queries = scores["image"].nunique()
    return contrasts(scores, scenes(scenes_of_queries or [""] * queries))


def pairs_of(table: pd.DataFrame) -> list:
    """Return the pairs of a table in its order."""
    named = table[FIRST + SECOND].drop_duplicates().itertuples(index=False)
    return [(tuple(row[:3]), tuple(row[3:])) for row in named]


def row_of(table, first, second, metric="accuracy", query="excluded", k=1) -> pd.Series:
    wanted = (*first, *second, metric, query, k)
    names = [*FIRST, *SECOND, "metric", "query", "k"]
    (found,) = (
        row
        for _, row in table.iterrows()
        if all(row[name] == value for name, value in zip(names, wanted, strict=True))
    )
    return found


def simulated(rng, methods=METHODS, queries=40, seeds=1, cutoffs=(1,)) -> list:
    """Scores of methods that do not differ: queries are easy or hard, and the rest is noise."""
    parts = []
    for k in cutoffs:
        easy = rng.normal(0.6, 0.18, (queries, len(METRICS)))
        for method in methods:
            learned = method[1] not in ("off_the_shelf", "")
            noise = rng.normal(
                0, 0.1 / np.sqrt(2), (seeds if learned else 1, queries, len(METRICS))
            )
            parts.append(rows(method, easy + noise, k=k))
    return parts


def test_every_planned_pair_by_hand():
    of_vgg = [
        ("vgg16", labeling, descriptor)
        for labeling in ("off_the_shelf", "single_label", "multi_label", "independent", "powerset")
        for descriptor in ("pool", "output")
    ]
    expected = {(one, SHELF) for one in of_vgg[2:]}
    for descriptor in ("pool", "output"):
        multi, single, independent, powerset = (
            ("vgg16", labeling, descriptor)
            for labeling in ("multi_label", "single_label", "independent", "powerset")
        )
        expected |= {(multi, single), (multi, independent), (powerset, independent)}
    expected |= {(one, LBP) for one in of_vgg}  # with the output off the shelf among them
    expected |= {(RANDOM, SHELF), (ORACLE, SHELF)}
    pairs = planned([*of_vgg, LBP, RANDOM, ORACLE])
    assert set(pairs) == expected
    assert len(pairs) == len(expected) == 8 + 6 + 10 + 2


def test_networks_are_not_compared_with_each_other():
    resnet = [("resnet50", *one[1:]) for one in METHODS]
    pairs = planned([*METHODS, *resnet, LBP, RANDOM])
    networks = {"vgg16", "resnet50"}
    assert all(
        first[0] == second[0] for first, second in pairs if {first[0], second[0]} <= networks
    )
    # A bound stands against each network, and a description without learning against neither bound
    # nor another.
    assert {pair for pair in pairs if pair[0] == RANDOM} == {(RANDOM, SHELF), (RANDOM, resnet[0])}
    assert [pair for pair in pairs if pair[0] == LBP] == []
    colors = ("color_histogram", "off_the_shelf", "histogram")
    assert planned([LBP, colors, RANDOM, ORACLE]) == []


def test_descriptions_that_a_run_lacks_are_left_out_of_the_plan():
    assert planned([SHELF, MULTI]) == [(MULTI, SHELF)]
    assert planned([MULTI, SINGLE, RANDOM]) == [(MULTI, SINGLE)]
    assert planned([SHELF, POWERSET, SINGLE]) == [(POWERSET, SHELF), (SINGLE, SHELF)]
    assert planned([MULTI, LBP]) == [(MULTI, LBP)]
    output = ("vgg16", "single_label", "output")
    assert planned([MULTI, output]) == []
    assert planned([SHELF]) == planned([RANDOM, ORACLE]) == planned([]) == []


def test_a_labeling_of_another_name_is_compared_with_the_shelf_and_what_learns_nothing():
    own = ("vgg16", "multi_label_sgd", "pool")
    pairs = planned(iter([SHELF, own, MULTI, SINGLE, LBP]))
    assert [second for first, second in pairs if first == own] == [SHELF, LBP]
    assert [pair for pair in pairs if pair[1] == own] == []


@pytest.fixture
def by_hand():
    """Four queries, two seeds against what has none."""
    first = rows(MULTI, [[0.6, 0.4, 0.5, 0.9], [0.8, 0.4, 0.5, 0.7]])
    return [rows(SHELF, [[0.5, 0.5, 0.5, 0.5]]), first]


def test_differences_wins_and_p_worked_out_by_hand(by_hand):
    table = table_of(by_hand)
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
    # A small difference in each seed that is steady over queries is found.
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
    more = pd.concat([pd.Series({"never asked": "port"}), names[::-1]])
    scores = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(contrasts(scores, more), contrasts(scores, names))
    # Of images whose names do not come in the order of the queries, too.
    other = dict(zip(names.index, [f"{12 - number:02}" for number in range(12)], strict=True))
    renamed = scores.assign(image=scores["image"].map(other))
    pd.testing.assert_frame_equal(
        contrasts(renamed, names.rename(other).sort_index()), contrasts(scores, names)
    )


def test_without_two_scenes_or_two_seeds_their_intervals_are_empty(by_hand):
    for names in (["", "", "", ""], ["port"] * 4):
        table = table_of(by_hand, names)
        assert table[["scene_low", "scene_high"]].isna().all(axis=None)
        assert table[["seed_low", "seed_high", "low", "high"]].notna().all(axis=None)
    bound = rows(ORACLE, [[1, 1, 1, 1]])
    table = table_of([*by_hand, bound], ["port", "port", "farm", "farm"])
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


def test_p_values_are_adjusted_over_the_contrasts_of_a_metric_protocol_and_cutoff():
    rng = np.random.default_rng(4)
    table = table_of(
        rows(method, rng.normal(0.5, 0.2, (1, 30, len(METRICS))), query, k)
        for query in ("excluded", "included")
        for k in (1, 20)
        for method in (*METHODS, LBP, RANDOM)
    )
    families = table.groupby(["metric", "query", "k"])
    assert len(families) == len(METRICS) * 4
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


def test_many_contrasts_do_not_hide_a_clear_difference():
    rng = np.random.default_rng(9)
    baselines = [(f"histogram {number}", "off_the_shelf", "histogram") for number in range(26)]
    table = table_of(
        [
            *simulated(rng, baselines, queries=24),
            *(rows(one, rng.normal(0.9, 0.02, (1, 24, len(METRICS)))) for one in METHODS),
        ]
    )
    against = table[table["against_descriptor"] == "histogram"]
    assert len(pairs_of(against)) == 130
    assert len(pairs_of(table)) == 137
    # With 9,999 flips no adjusted p value would be below 0.0137.
    assert (against["p_holm"] <= 0.01).all()


@pytest.fixture(scope="module")
def without_difference() -> pd.DataFrame:
    """Contrasts of 220 independent runs: a metric at a cutoff is one."""
    return table_of(simulated(np.random.default_rng(10), queries=50, cutoffs=range(1, 21)))


def test_of_runs_without_a_difference_5_percent_claim_one(without_difference):
    least = without_difference.groupby(["metric", "k"])[["p", "p_holm"]].min()
    assert len(least) == 220
    error = np.sqrt(0.05 * 0.95 / len(least))
    assert (least["p_holm"] <= 0.05).mean() <= 0.05 + 3 * error
    # Without the adjustment it would be many more.
    assert (least["p"] <= 0.05).mean() > 0.05 + 3 * error


def test_each_contrast_without_a_difference_has_an_even_p(without_difference):
    for pair in pairs_of(without_difference):
        own = (without_difference[FIRST + SECOND] == [*pair[0], *pair[1]]).all(axis=1)
        p = without_difference[own]["p"]
        assert (p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p))
        assert stats.kstest(p, "uniform").pvalue > 0.001
        inside = (without_difference[own]["low"] <= 0) & (without_difference[own]["high"] >= 0)
        assert 0.90 <= inside.mean() <= 0.98


def test_a_difference_that_is_there_is_found():
    rng = np.random.default_rng(11)
    parts = simulated(rng, queries=100, cutoffs=range(1, 21))
    for part in parts:
        if part["labeling"].iloc[0] == "multi_label":
            part[list(METRICS)] += 0.05
    table = table_of(parts)
    claimed = (table["p_holm"] <= 0.05) & (table["difference"] > 0)
    planted = (table["labeling"] == "multi_label").to_numpy()
    assert planted.sum() == 3 * 220
    assert claimed[planted].groupby(table["against_labeling"]).mean().min() >= 0.95
    # What does not differ beside it is still not claimed more often than 5 in 100.
    least = table[~planted].groupby(["metric", "k"])["p_holm"].min()
    assert (least <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(least))


@pytest.fixture(scope="module")
def of_two_networks() -> pd.DataFrame:
    methods = [
        *METHODS,
        ("vgg16", "multi_label", "output"),
        ("resnet50", "off_the_shelf", "pool"),
        ("resnet50", "off_the_shelf", "output"),
        ("resnet50", "multi_label", "output"),
        LBP,
        RANDOM,
        ORACLE,
    ]
    rng = np.random.default_rng(12)
    return table_of(simulated(rng, methods, queries=20, seeds=2, cutoffs=(5, 10)))


def test_gain_has_a_row_per_description_and_bound_over_each_network(of_two_networks):
    table = gain(of_two_networks)
    assert list(table.columns) == [
        *("backbone", "labeling", "descriptor", "over", "query", "k"),
        *(f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high", "_p")),
    ]
    found = [tuple(row[:5]) for row in table.itertuples(index=False) if row.k == 5]
    expected = [
        *((*one, "vgg16", "excluded") for one in METHODS[1:]),
        ("vgg16", "multi_label", "output", "vgg16", "excluded"),
        ("resnet50", "multi_label", "output", "resnet50", "excluded"),
        *((*bound, network, "excluded") for network in ("vgg16", "resnet50") for bound in BOUNDS),
    ]
    assert sorted(found) == sorted(expected)
    assert len(table) == 2 * len(expected)


def test_gain_repeats_the_numbers_of_the_contrasts(of_two_networks):
    key = [*FIRST, *SECOND, "query", "k", "metric"]
    expected = of_two_networks.set_index(key)[["difference", "low", "high", "p_holm"]]
    expected = dict(zip(expected.index, expected.to_numpy().tolist(), strict=True))
    for row in gain(of_two_networks).to_dict("records"):
        pair = (*(row[name] for name in FIRST), row["over"], "off_the_shelf", "pool")
        for metric in METRICS:
            found = [row[f"{metric}{end}"] for end in ("", "_low", "_high", "_p")]
            assert found == expected[(*pair, row["query"], row["k"], metric)]


def test_gain_is_the_same_of_contrasts_that_were_written(of_two_networks, tmp_path):
    write_table(tmp_path / "contrasts.csv", of_two_networks)
    read = gain(pd.read_csv(tmp_path / "contrasts.csv"))
    expected = gain(of_two_networks)
    texts = [*FIRST, "over"]
    assert read[texts].fillna("").to_numpy().tolist() == expected[texts].to_numpy().tolist()
    numbers = expected.columns[6:]
    assert read[numbers].to_numpy() == pytest.approx(expected[numbers].to_numpy(), abs=5e-7)


def test_a_run_without_pairs_has_empty_tables_with_the_same_columns(by_hand, tmp_path):
    table = table_of([rows(LBP, [[0.1, 0.2, 0.3, 0.4]]), rows(RANDOM, [[0, 0, 0, 0]])])
    assert len(table) == 0
    assert list(table.columns) == list(table_of(by_hand).columns)
    write_table(tmp_path / "contrasts.csv", table)
    gained = gain(pd.read_csv(tmp_path / "contrasts.csv"))
    assert len(gained) == 0
    assert list(gained.columns) == list(gain(table_of(by_hand)).columns)
