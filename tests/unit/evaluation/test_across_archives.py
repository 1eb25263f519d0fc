"""Contrasts, means and ranks across archives: values by hand, error rates and power."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from simulated_archives import NET, archives
from statsmodels.stats.multitest import multipletests

from rsir.evaluation.across import ArchiveScores
from rsir.evaluation.across_tables import (
    comparison_across,
    contrasts_across,
    ranks_across,
    with_intervals,
)
from rsir.metrics.scoring import METRICS

pytestmark = pytest.mark.usefixtures("little_to_collect")

SHELF, SINGLE, MULTI = NET
AGAINST_SHELF = [["*/multi_label/pool", "*/off_the_shelf/pool"]]


def scored(archive, values) -> ArchiveScores:
    """An archive of as many scenes as queries, with all metrics equal."""
    methods = {
        method: np.repeat(np.array(column, float)[:, None], len(METRICS), axis=1)
        for method, column in values.items()
    }
    count = len(next(iter(values.values())))
    return ArchiveScores(archive, methods, {"scene": np.arange(count).astype(str)})


def accuracy(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["metric"] == "accuracy"].set_index("archive")


def test_the_difference_over_archives_is_the_mean_of_theirs():
    small = scored("small", {SHELF: [0.1, 0.3], MULTI: [0.5, 0.7]})
    large = scored("large", {SHELF: [0.5] * 8, MULTI: [0.3, 0.5] * 4})
    rows = accuracy(contrasts_across([small, large], AGAINST_SHELF)[0])
    assert rows["difference"].to_dict() == pytest.approx(
        {"small": 0.4, "large": -0.1, "across": 0.15}
    )
    assert rows["queries"].to_dict() == {"small": 2, "large": 8, "across": 10}
    assert rows.loc["across", ["archive_wins", "archive_losses", "archives"]].tolist() == [1, 1, 2]
    # Two equal differences: half of the flips are as far from zero.
    assert rows.loc["small", "p"] == pytest.approx(0.5, abs=0.02)


def test_one_family_holds_archives_the_mean_and_heterogeneity():
    rng = np.random.default_rng(1)
    table, _ = contrasts_across(archives(rng, (30, 60), (0.02, 0.04)))
    for prefix in ("", "scene_"):
        rows = table[table["metric"] == "accuracy"]
        p = rows[f"{prefix}p"].tolist()
        spread = rows[f"{prefix}heterogeneity_p"].dropna().tolist()
        assert (len(p), len(spread)) == (9, 3)
        expected = multipletests([*p, *spread], method="holm")[1]
        adjusted = rows[f"{prefix}heterogeneity_p_holm"].dropna()
        assert [*rows[f"{prefix}p_holm"], *adjusted] == pytest.approx(expected)


def test_a_method_that_an_archive_lacks_is_compared_on_the_others():
    rng = np.random.default_rng(2)
    with_all, without = archives(rng, (20, 20))
    del without.methods[MULTI]
    table, pairs = contrasts_across([with_all, without])
    of_multi = table[(table["labeling"] == "multi_label") & (table["metric"] == "accuracy")]
    assert set(of_multi["archive"]) == {"archive 0"}
    single = table[(table["labeling"] == "single_label") & (table["metric"] == "accuracy")]
    assert single["archive"].tolist() == ["archive 0", "archive 1", "across"]
    ranks = ranks_across([with_all, without], pairs)
    assert set(ranks["labeling"]) == {"off_the_shelf", "single_label"}


def test_archives_without_scenes_have_no_test_over_scenes():
    one, other = archives(np.random.default_rng(3), (20, 20))
    other.clusters["scene"][:] = ""
    rows = accuracy(contrasts_across([one, other], AGAINST_SHELF)[0])
    assert rows["p_holm"].notna().all()
    assert rows[["scene_p", "scene_p_holm", "scene_heterogeneity_p"]].isna().all(axis=None)


def test_groups_are_a_unit_with_a_family_of_its_own():
    made = archives(np.random.default_rng(4), (60, 40), (0.01, 0.01))
    rows = accuracy(contrasts_across(made, AGAINST_SHELF)[0])
    differences = [
        one.methods[MULTI][:, METRICS.index("accuracy")]
        - one.methods[SHELF][:, METRICS.index("accuracy")]
        for one in made
    ]
    for one, values in zip(made, differences, strict=True):
        sums = [values[one.clusters["group"] == str(group)].sum() for group in range(10)]
        flips = np.array(list(product((-1, 1), repeat=10)))
        expected = (np.abs(flips @ sums) >= abs(sum(sums)) - 1e-9).mean()
        assert rows.loc[one.archive, "group_p"] == pytest.approx(expected, abs=0.02)
    family = [*rows["group_p"], rows.loc["across", "group_heterogeneity_p"]]
    assert [*rows["group_p_holm"], rows.loc["across", "group_heterogeneity_p_holm"]] == (
        pytest.approx(multipletests(family, method="holm")[1])
    )
    del made[0].clusters["group"]
    without = accuracy(contrasts_across(made, AGAINST_SHELF)[0])
    assert without["group_p"].isna().all()
    assert without["scene_p"].notna().all()


def test_ranks_and_letters_by_hand():
    noise = np.random.default_rng(8).normal(0, 0.01, (2, 3, 60))
    made = [
        scored(name, dict(zip(NET, 0.5 + by_method + of_archive, strict=True)))
        for name, of_archive in zip("ab", noise, strict=True)
        for by_method in [np.array([[0], [0], [0.2]])]
    ]
    _, pairs = contrasts_across(made)
    ranks = ranks_across(made, pairs)
    first = ranks[ranks["metric"] == "accuracy"]
    assert first["labeling"].tolist()[0] == "multi_label"
    assert first["mean_rank"].tolist()[0] == 1
    assert first["letters"].tolist() == ["a", "b", "b"]
    assert ranks[ranks["metric"] == "hamming_loss"]["labeling"].tolist()[-1] == "multi_label"


def test_means_and_limits_over_archives_by_hand():
    keys = {"backbone": "net", "labeling": "multi_label", "descriptor": "pool"}
    setting = {"query": "excluded", "duplicates": "kept", "k": 5}
    sizes = {"seeds": 2, "queries": 10, "database": 50}
    tables = {}
    for archive, mean, low in (("a", 0.5, 0.47), ("b", 0.7, 0.66)):
        values = {
            f"{metric}{end}": value
            for metric in METRICS
            for end, value in (("", mean), ("_low", low), ("_high", mean + 0.05), ("_sd", 0.01))
        }
        tables[archive] = pd.DataFrame([{"archive": archive, **keys, **setting, **sizes, **values}])
    table = comparison_across(tables).set_index("archive")
    row = table.loc["across"]
    assert table.index.tolist() == ["a", "b", "across"]
    assert (row["queries"], row["database"], row["archives"]) == (20, 100, 2)
    assert row[["accuracy", "accuracy_low"]].tolist() == pytest.approx([0.6, 0.6 - 0.05 / 2])
    assert row["accuracy_sd"] == pytest.approx(0.01 / np.sqrt(2))
    tables["b"]["labeling"] = "powerset"
    assert comparison_across(tables)["archive"].tolist() == ["a", "b"]


def test_the_limits_of_a_difference_over_archives_come_from_those_of_the_archives():
    made = archives(np.random.default_rng(5), (20, 30))
    table, _ = contrasts_across(made, AGAINST_SHELF)
    keys = [name for name in table if name in ("backbone", "labeling", "descriptor", "metric")]
    keys += [name for name in table if name.startswith("against_")]
    limits = {}
    for archive, width in (("archive 0", 0.03), ("archive 1", 0.04)):
        rows = table[table["archive"] == archive]
        limits[archive] = rows[keys].assign(
            query="excluded",
            duplicates="kept",
            k=5,
            low=rows["difference"] - width,
            high=rows["difference"] + width,
        )
    rows = accuracy(with_intervals(table, ("excluded", "kept", 5), limits))
    across = rows.loc["across"]
    assert across["high"] - across["difference"] == pytest.approx(0.05 / 2)
    assert rows.loc["archive 1", "low"] == pytest.approx(rows.loc["archive 1", "difference"] - 0.04)
    assert set(rows["k"]) == {5}


def share_of_families_with_claims(spread, column, runs=20):
    """Return how many of runs × 11 families without a difference claim one, and the families."""
    claims = []
    for seed in range(runs):
        made = archives(np.random.default_rng([6, seed]), (300, 100, 30), (), spread)
        table, _ = contrasts_across(made)
        least = table.groupby("metric")[[f"{column}p_holm", f"{column}heterogeneity_p_holm"]].min()
        claims += (least.min(axis=1) <= 0.05).tolist()
    return np.mean(claims), len(claims)


def test_of_families_without_a_difference_5_percent_claim_one():
    share, families = share_of_families_with_claims(0.0, "")
    assert families == 220
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / families)


def test_where_scenes_move_together_tests_over_scenes_hold_their_level():
    share, families = share_of_families_with_claims(0.05, "scene_")
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / families)
    assert share_of_families_with_claims(0.05, "", runs=3)[0] > 0.3


def test_a_difference_in_all_archives_is_found_and_opposite_ones_are_heterogeneous():
    rng = np.random.default_rng(7)
    rows = []
    for shifts in ((0.03, 0.03, 0.03), (0.05, -0.05, 0.05)):
        table, _ = contrasts_across(archives(rng, (420, 168, 232), shifts), AGAINST_SHELF)
        rows.append(table[table["archive"] == "across"])
    everywhere, opposite = rows
    higher = ~everywhere["metric"].isin(["hamming_loss", "anmrr"])
    assert (everywhere["verdict"] == np.where(higher, "better", "worse")).all()
    assert (everywhere["agreement"] == "").mean() > 0.8
    assert (opposite["agreement"] == "opposite").all()
    assert (opposite["heterogeneity_p_holm"] <= 0.05).all()
