"""The sections of the summary, and the numbers in them."""

import re

import numpy as np
import pandas as pd
import pytest
from simulated_tables import (
    ALL,
    BOUNDS,
    INDEPENDENT,
    LBP,
    MULTI,
    NETWORK,
    SHELF,
    SINGLE,
    Simulated,
    by_pair,
)
from summary_sentences import SENTENCE, expected_verdict, groups, sections, sentences, within

from rsir.reports.summary import summary

pytestmark = pytest.mark.usefixtures("little_to_collect")


def test_only_the_headline_rows_are_reported() -> None:
    settings = [("excluded", 5), ("excluded", 20), ("included", 5)]
    alone, others = (Simulated(5, (SHELF, MULTI, *BOUNDS), settings=settings) for _ in range(2))
    for setting in settings[1:]:
        others.improve(MULTI, 0.3, setting=setting)
    first, second = summary(**alone.tables()), summary(**others.tables())
    assert first == second
    assert "the first 5 retrieved images per query, query excluded" in first


def test_the_introduction_states_the_variation_between_seeds() -> None:
    once = summary(**Simulated(6).tables())
    assert "Each fine-tuning was run with one seed" in once
    assert "seeds; the scores" not in once
    tables = Simulated(6, seeds=4).scatter().tables()
    text = summary(**tables)
    assert "Each fine-tuning was run with 4 seeds; the scores" in text
    assert "one seed" not in text
    table = tables["comparison"]
    deviation = table[table["seeds"] > 1].set_index("labeling")["accuracy_sd"]
    least, most = deviation.idxmin(), deviation.idxmax()
    assert (
        f"{deviation[least]:.3f} (vgg16 {least} (output)) to "
        f"{deviation[most]:.3f} (vgg16 {most} (output))."
    ) in text


def test_the_best_method_is_between_the_bounds() -> None:
    simulated = Simulated(7)
    for level, scores in enumerate(simulated.true.values(), start=1):
        scores[:] = level / 10
    # Off the shelf has 0.1, multi-label 0.3, the handcrafted baseline 0.5, which is the highest.
    # The others are bounds.
    simulated.improve(BOUNDS[0], -0.5)
    text = summary(**simulated.tables())
    assert "- Random ranking: 0.100." in text
    assert "- Scene oracle, images of the query's scene first: 0.700." in text
    assert "- Label oracle, images ranked by their labels: 0.800, the upper bound." in text
    assert "of a method: 0.500 [0.500, 0.500], by lbp off_the_shelf (histogram);" in text
    assert "57% of the range from the random ranking to the upper bound" in text  # 0.4 of 0.7


def test_bounds_may_be_equal() -> None:
    simulated = Simulated(7)
    for scores in simulated.true.values():
        scores[:] = 0.4
    assert "The bounds are equal: any ranking has the same accuracy." in summary(
        **simulated.tables()
    )


def extremes(text, start):
    """Return the names and values of the highest and the lowest in a line."""
    (line,) = (line for line in text.splitlines() if line.startswith(start))
    highest, lowest = line.split("highest for ")[1].rstrip(".").split(", and lowest for ")
    return [re.findall(r"(\w[\w ]*) \((\d\.\d{3})\)", part) for part in (highest, lowest)]


def test_scenes_and_labels_of_the_best_method_are_those_of_the_tables() -> None:
    simulated = Simulated(8).improve(MULTI, 0.1)
    simulated.improve(MULTI, np.repeat([0.1, 0, -0.1, 0.3, -0.3, 0.2], 5))
    tables = simulated.tables()
    text = summary(**tables)
    for table, start, name, value in (
        ("by_scene", "- By scene", "scene", "accuracy"),
        ("by_label", "- By label", "label", "precision"),
    ):
        rows = tables[table]
        ranked = rows[rows["labeling"] == "multi_label"].set_index(name)[value].sort_values()
        # A label that no query has is left out.
        expected = [(one, f"{number:.3f}") for one, number in ranked.dropna().items()]
        assert extremes(text, start) == [expected[: -3 - 1 : -1], expected[:3]]


def test_without_scenes_the_summary_has_no_scores_by_scene() -> None:
    text = summary(**Simulated(9, with_scenes=False).improve(MULTI, 0.1).tables())
    assert "scene" not in text
    assert "anmrr" not in text
    assert "- **multi_label (output)**: better by" in text


def test_handcrafted_baselines_have_their_lines() -> None:
    colors = ("color_histogram", *LBP[1:])
    simulated = Simulated(10, (*ALL, colors), seeds=2).improve(LBP, -0.1).improve(MULTI, 0.1)
    simulated.improve(INDEPENDENT, -0.1)
    tables = simulated.tables()
    body = sections(summary(**tables))["vgg16"].split("Against handcrafted baselines:")[1]
    lines = body.strip().splitlines()
    assert len(lines) == 2
    means = tables["comparison"].set_index("backbone")
    for backbone in ("lbp", "color_histogram"):
        (line,) = (line for line in lines if line.startswith(f"- **{backbone}**, "))
        mean = means.loc[backbone]
        interval = f"[{mean['accuracy_low']:.3f}, {mean['accuracy_high']:.3f}]"
        assert line.startswith(f"- **{backbone}**, {mean['accuracy']:.3f} {interval}: ")
        against_baseline = {
            within(first): one["accuracy"]
            for (first, second), one in by_pair(tables["contrasts"]).items()
            if second[0] == backbone
        }
        assert len(against_baseline) == len(NETWORK)
        parts = line.split("]: ")[1].split("; differences from ")
        verdicts = {name: expected_verdict(row) for name, row in against_baseline.items()}
        assert groups(parts[0], against_baseline) == verdicts
        assert set(verdicts.values()) <= {"better", "worse", "not significant"}
        differences = [row["difference"] for row in against_baseline.values()]
        p = max(row["p_holm"] for row in against_baseline.values())
        assert parts[1] == (
            f"{min(differences):+.3f} to {max(differences):+.3f}, largest adjusted p = {p:.2g}."
        )
    assert any("better: multi_label (output); worse: independent (output)" in one for one in lines)
    assert "handcrafted" not in summary(**Simulated(10, NETWORK + BOUNDS).tables())


def test_each_network_has_its_section() -> None:
    resnet = [("resnet50", *one[1:]) for one in (SHELF, MULTI)]
    simulated = Simulated(11, (*NETWORK, *resnet, LBP, *BOUNDS))
    tables = simulated.improve(resnet[1], 0.3).improve(SINGLE, -0.3).tables()
    text = summary(**tables)
    of_network = sections(text)
    assert list(of_network)[2:] == ["vgg16", "resnet50"]
    assert "Between labelings:" in of_network["vgg16"]
    assert "Between labelings:" not in of_network["resnet50"]  # it has one labeling
    assert len(sentences(text)) == (3 + 2 + 3) + (1 + 3)
    for network in ("vgg16", "resnet50"):
        differences = [
            of_metric["accuracy"]["difference"]
            for (first, second), of_metric in by_pair(tables["contrasts"]).items()
            if first[0] == network and second == LBP
        ]
        extent = f"{min(differences):+.3f} to {max(differences):+.3f}"
        assert f"differences from {extent}, largest adjusted" in of_network[network]
    lines = of_network["Summary"].strip().splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "- vgg16, against its off-the-shelf features",
        "- vgg16, between labelings",
        "- resnet50, against its off-the-shelf features",
    ]


def test_the_effect_of_near_duplicates_is_stated() -> None:
    tables = Simulated(13, (SHELF, *BOUNDS)).tables()
    assert "duplicates" not in summary(**tables)
    assert "\n\nNo pair of near duplicates was found.\n" in summary(**tables, pairs=0)
    assert "archive: 3. They change no score." in summary(**tables, pairs=3)
    table = tables["comparison"]
    parts = [table]
    for value, less in (("removed", 0.07), ("kept, same queries", 0.02)):
        part = table.assign(duplicates=value, queries=26)
        part["accuracy"] -= less
        parts.append(part)
    # Other protocols and cutoffs are not stated.
    parts += [part.assign(query="included", accuracy=0) for part in parts]
    tables["comparison"] = pd.concat(parts, ignore_index=True)
    of_duplicates = sections(summary(**tables, pairs=3))["Near duplicates"]
    assert "archive: 3. " in of_duplicates
    assert "images to retrieve: 4 of 30. " in of_duplicates
    assert "accuracy of the other 26 queries:\n" in of_duplicates
    names = ["vgg16 off_the_shelf (pool)", *(name for name, *_ in BOUNDS)]
    assert [line for line in of_duplicates.splitlines() if line.startswith("- ")] == [
        f"- {name}: +0.050 ({mean - 0.02:.3f} with, {mean - 0.07:.3f} without)."
        for name, mean in zip(names, table["accuracy"], strict=True)
    ]


def test_a_run_without_networks_has_no_contrasts() -> None:
    text = summary(**Simulated(12, (LBP, *BOUNDS)).tables())
    assert [name for name, body in sections(text).items() if body.strip()] == [
        "Between the random floor and the label upper bound"
    ]
    assert "planned contrasts" not in text
    assert not SENTENCE.search(text)
