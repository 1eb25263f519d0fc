"""The summary against its tables: it claims no difference that these do not support."""

import re
from collections import Counter

import numpy as np
import pytest
from simulated_tables import (
    ALL,
    BOUNDS,
    INDEPENDENT,
    MULTI,
    NETWORK,
    SHELF,
    SINGLE,
    Simulated,
    by_pair,
)
from summary_sentences import (
    SCENE_CAVEAT,
    SEED_CAVEAT,
    expected_verdict,
    groups,
    sections,
    sentences,
    within,
)

from rsir.evaluation.tables import read_results, write_table
from rsir.metrics.scoring import LOWER_IS_BETTER
from rsir.reports.phrases import verdict
from rsir.reports.summary import summary

pytestmark = pytest.mark.usefixtures("little_to_collect")


def check(tables):
    """Compare each sentence with its rows, and count the verdicts and caveats."""
    text = summary(**tables)
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    matches, counted = sentences(text), Counter()
    pairs = {pair: one for pair, one in by_pair(tables["contrasts"]).items() if pair[1][0] != "lbp"}
    assert len(matches) == len(pairs) > 0
    assert f" {len(by_pair(tables['contrasts']))} planned contrasts" in text
    for (first, second), of_metric in pairs.items():
        shelf = second[1] == "off_the_shelf"
        sentence = matches[second[0], within(first), None if shelf else within(second)]
        row = of_metric["accuracy"]
        verdict = expected_verdict(row)
        assert re.match("better|worse|not significant", sentence["verdict"])[0] == verdict
        counted[verdict] += 1

        size = row["difference"] if verdict == "not significant" else abs(row["difference"])
        assert float(sentence["difference"]) == pytest.approx(size, abs=5.1e-4)
        for end in ("low", "high"):
            assert float(sentence[end]) == pytest.approx(row[end], abs=5.1e-4)
        assert float(sentence["p"]) == pytest.approx(row["p_holm"], rel=0.06)
        for count in ("wins", "ties", "losses"):
            assert int(sentence[count]) == row[count]

        for unit, caveat in (("scene", SCENE_CAVEAT), ("seed", SEED_CAVEAT)):
            low, high = row[f"{unit}_low"], row[f"{unit}_high"]
            expected = verdict != "not significant" and low <= 0 <= high
            assert (caveat.format(f"{low:+.3f}", f"{high:+.3f}") in sentence["caveats"]) == expected
            assert (caveat.split("[")[0] in sentence["caveats"]) == expected
            counted[unit if expected else f"no {unit}"] += verdict != "not significant"

        defined = {
            metric: expected_verdict(one)
            for metric, one in of_metric.items()
            if metric != "accuracy" and one["queries"] > 0
        }
        assert groups(sentence["others"], defined) == defined
        counted.update(f"lower is {defined[name]}" for name in LOWER_IS_BETTER if name in defined)
    check_verdicts(text, pairs)
    return counted


def check_verdicts(text, pairs):
    """Compare the lines of the first section, which are per network, with the rows."""
    expected = {}
    for (first, second), of_metric in pairs.items():
        row = of_metric["accuracy"]
        if first[0] != second[0]:
            continue  # a bound
        if second[1] == "off_the_shelf":
            heading, name = "against its off-the-shelf features", f"{row['difference']:+.3f}"
            name = f"{within(first)} {name}"
        else:
            heading, name = "between labelings", f"{within(first)} against {within(second)}"
        of_heading = expected.setdefault(f"- {first[0]}, {heading}: ", {})
        of_heading[name] = expected_verdict(row)
    lines = sections(text)["Summary"].strip().splitlines()
    assert len(lines) == len(expected)
    for start, verdicts in expected.items():
        (line,) = (line for line in lines if line.startswith(start))
        assert groups(line.removeprefix(start).removesuffix("."), verdicts) == verdicts


def redrawn(tables, rng):
    """Replace the numbers of the contrasts, many of them by limits of a verdict or a caveat."""
    table = tables["contrasts"].copy()
    for column in ("difference", "low", "high", "scene_low", "scene_high", "seed_low", "seed_high"):
        defined = table[column].notna()
        table.loc[defined, column] = rng.normal(0, 0.05, defined.sum()).round(3)
    for start in ("scene", "seed"):
        ends = [f"{start}_low", f"{start}_high"]
        table[ends] = np.sort(table[ends].to_numpy(), axis=1)
    few = rng.integers(1, 800, len(table)) / 10_000
    table["p_holm"] = rng.choice([0.05, np.nextafter(0.05, 1), 1], len(table))
    table["p_holm"] = table["p_holm"].where(rng.random(len(table)) < 0.4, few)
    unknown = (rng.random(len(table)) < 0.1) & (table["metric"] != "accuracy")
    unknown |= table["queries"] == 0
    table.loc[unknown, ["difference", "p_holm"]] = np.nan
    table.loc[unknown, "queries"] = 0
    return {**tables, "contrasts": table}


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("with_scenes", [True, False])
def test_sentences_state_the_adjusted_p_values(seeds: int, with_scenes: bool) -> None:
    counted: Counter[str] = Counter()
    rng = np.random.default_rng(14)
    for number in range(2):
        tables = Simulated(number, ALL, seeds, with_scenes).scatter().tables()
        counted += check(tables)
        for _ in range(25):
            counted += check(redrawn(tables, rng))
    # Every verdict and caveat occurred, so no check passes for lack of a case.
    expected = {"better", "worse", "not significant", "no scene", "no seed"}
    expected |= {f"lower is {verdict}" for verdict in ("better", "worse", "not significant")}
    expected |= {unit for unit, there in (("scene", with_scenes), ("seed", seeds > 1)) if there}
    assert set(+counted) == expected


def test_nothing_is_claimed_where_methods_do_not_differ() -> None:
    for number in range(2):
        simulated = Simulated(number, NETWORK + BOUNDS)
        counted = check(simulated.improve(BOUNDS[0], 0.4).improve(BOUNDS[2], -0.4).tables())
        assert counted["not significant"] >= 8


def test_without_a_p_value_nothing_is_significant() -> None:
    row = {"metric": "accuracy", "difference": 0.3, "p_holm": 0.001}
    assert verdict(row) == "better"
    assert verdict({**row, "p_holm": np.nan}) == "not significant"
    assert verdict({**row, "difference": np.nan, "p_holm": np.nan}) == "not significant"


def claims(simulated):
    """Return a function that returns the sentence of a pair and its row."""
    tables = simulated.tables()
    matches, rows = sentences(summary(**tables)), by_pair(tables["contrasts"])

    def of(first, second=SHELF):
        key = "vgg16", within(first), None if second == SHELF else within(second)
        return matches[key], rows[first, second]["accuracy"]

    return of


def test_lower_is_better_for_some_metrics() -> None:
    simulated = Simulated(1, NETWORK + BOUNDS)
    of = claims(simulated.improve(MULTI, 0.1).improve(INDEPENDENT, -0.1))
    for pair in ((MULTI, SHELF), (MULTI, SINGLE), (MULTI, INDEPENDENT)):
        sentence, _ = of(*pair)
        assert (sentence["verdict"], sentence["others"]) == ("better by", "better: all")
    sentence, _ = of(INDEPENDENT)
    assert (sentence["verdict"], sentence["others"]) == ("worse by", "worse: all")


def test_each_of_the_other_metrics_has_its_verdict() -> None:
    simulated = Simulated(2, NETWORK + BOUNDS)
    for metric, value in (("precision", 0.1), ("hamming_loss", 0.1), ("recall", -0.1)):
        simulated.improve(MULTI, value, metric)
    sentence, _ = claims(simulated.improve(MULTI, -0.1, "anmrr"))(MULTI)
    assert sentence["verdict"] == "not significant,"
    assert sentence["others"] == (
        "better: precision, hamming_loss; worse: recall, anmrr; "
        "not significant: f1, acg, ndcg, wap, map, map_jaccard"
    )


def test_a_difference_in_few_scenes_has_a_caveat() -> None:
    of_scene = np.repeat([0.4, 0.4, 0, 0, 0, 0], 5) + 0.01
    simulated = Simulated(3).improve(MULTI, of_scene).improve(INDEPENDENT, of_scene.mean())
    of = claims(simulated)
    sentence, row = of(MULTI)
    assert row["low"] > 0
    assert row["scene_low"] <= 0 <= row["scene_high"]
    assert sentence["verdict"] == "better by"
    numbers = (f"{row['scene_low']:+.3f}", f"{row['scene_high']:+.3f}")
    assert sentence["caveats"] == SCENE_CAVEAT.format(*numbers)
    # A difference spread over all scenes has none.
    sentence, _ = of(INDEPENDENT)
    assert (sentence["verdict"], sentence["caveats"]) == ("better by", "")


def test_a_difference_by_one_seed_has_a_caveat() -> None:
    simulated = Simulated(4, seeds=3).improve(INDEPENDENT, 0.1)
    of = claims(simulated.improve(MULTI, 0.3, seed=1).improve(MULTI, -0.02, seed=2))
    sentence, row = of(MULTI)
    assert row["low"] > 0
    assert row["seed_low"] <= 0 <= row["seed_high"]
    assert sentence["verdict"] == "better by"
    numbers = (f"{row['seed_low']:+.3f}", f"{row['seed_high']:+.3f}")
    assert sentence["caveats"] == SEED_CAVEAT.format(*numbers)
    sentence, _ = of(INDEPENDENT)
    assert (sentence["verdict"], sentence["caveats"]) == ("better by", "")


@pytest.mark.parametrize("with_scenes", [True, False])
def test_written_tables_give_the_same_summary(tmp_path, with_scenes: bool) -> None:
    tables = Simulated(13, seeds=2, with_scenes=with_scenes).scatter().tables()
    for table, column in (("by_scene", "scene"), ("by_label", "label")):
        # names that look like numbers or missing values
        names = dict(zip(tables[table][column].unique(), ("NA", "001", "null"), strict=False))
        tables[table][column] = tables[table][column].replace(names)
    read = {}
    for name, table in tables.items():
        write_table(tmp_path / f"{name}.csv", table)
        read[name] = read_results(tmp_path / f"{name}.csv")
    # Written numbers have six decimals.
    text = summary(**{name: table.round(6) for name, table in tables.items()})
    assert summary(**read) == text
    assert check(read) == check(tables)
