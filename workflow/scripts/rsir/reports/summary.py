"""The tables in plain sentences: what is better than what, and what cannot be told apart."""

from collections.abc import Iterator, Mapping
from math import isnan
from typing import Any

import pandas as pd

from rsir.evaluation.bounds import BOUNDS
from rsir.evaluation.contrasts import BETWEEN, FIRST, SECOND
from rsir.evaluation.methods import HISTOGRAM, OFF_THE_SHELF, POOL, Description
from rsir.metrics.scoring import LOWER_IS_BETTER, METRICS
from rsir.search.protocol import PROTOCOLS

METRIC = "accuracy"
"""What the sentences are about; the other metrics follow in a few words."""

LEVEL = 0.05
"""The largest adjusted p value of a difference that is called one."""

_UNTOLD = "not told apart"
_EXTREMES = 3

Row = Mapping[Any, Any]
Contrast = dict[str, Row]
"""A row per metric."""


def summary(
    comparison: pd.DataFrame,
    contrasts: pd.DataFrame,
    by_scene: pd.DataFrame,
    by_label: pd.DataFrame,
) -> str:
    """Say in Markdown what the tables show, under the first protocol and at the first cutoff.

    The arguments are the tables of these names in `rsir.evaluation`. Two descriptions are called
    better or worse only if the adjusted p value of their contrast is at most `LEVEL`.
    """
    cutoff = comparison["k"].iloc[0]
    methods = {_description(row, FIRST): row for row in _rows(comparison, cutoff)}
    tested: dict[tuple[Description, Description], Contrast] = {}
    for row in _rows(contrasts, cutoff):
        pair = _description(row, FIRST), _description(row, SECOND)
        tested.setdefault(pair, {})[row["metric"]] = row
    sections = [
        _introduction(methods),
        *([_rules(methods, len(tested)), _in_short(methods, tested)] if tested else []),
        _levels(methods, _rows(by_scene, cutoff), _rows(by_label, cutoff)),
        *(_network(shelf, methods, tested) for shelf in _shelves(methods)),
    ]
    texts = ["\n".join(section) for section in sections]
    return "\n\n".join(filter(None, texts)) + "\n"


def verdict(row: Row) -> str:
    """Return whether the first of a contrast is `better`, `worse`, or `not told apart`."""
    if not row["p_holm"] <= LEVEL:
        return _UNTOLD
    return "better" if (row["difference"] > 0) != (row["metric"] in LOWER_IS_BETTER) else "worse"


def _introduction(methods: Mapping[Description, Row]) -> Iterator[str]:
    facts = next(iter(methods.values()))
    yield f"# What retrieves better on {facts['archive']}"
    yield ""
    yield (
        f"{facts['queries']} images asked, {facts['database']} were searched, and the first "
        f"{facts['k']} that a query found, itself left out, are judged by {METRIC}: the labels "
        "that it and an image have in common, of all that either has (Jaccard index). In brackets "
        "are 95 % intervals."
    )


def _rules(methods: Mapping[Description, Row], contrasts: int) -> Iterator[str]:
    """Say what is called a difference, and how much fine-tunings differ."""
    yield (
        'A difference is called "better" or "worse" if its p value, of a paired sign-flip '
        f"permutation test over the queries, adjusted by Holm for {contrasts} planned contrasts, "
        f"is at most {LEVEL}. What is not told apart need not be alike: these queries cannot "
        "decide it."
    )
    trained = [row for one, row in methods.items() if one[1] not in ("", OFF_THE_SHELF)]
    if not trained:
        return
    yield ""
    seeds = max(row["seeds"] for row in trained)
    if seeds == 1:
        yield (
            "Each fine-tuning was done once, so how far another one would differ is not known; "
            "several seeds would tell."
        )
        return
    spread = {one: row[f"{METRIC}_sd"] for one, row in methods.items() if row["seeds"] > 1}
    least, most = min(spread, key=spread.__getitem__), max(spread, key=spread.__getitem__)
    yield (
        f"Each fine-tuning was done with {seeds} seeds, and the scores of a query are averaged "
        f"over them. From seed to seed the mean {METRIC} has a standard deviation of "
        f"{spread[least]:.3f} ({_name(least)}) to {spread[most]:.3f} ({_name(most)})."
    )


def _in_short(
    methods: Mapping[Description, Row],
    tested: Mapping[tuple[Description, Description], Contrast],
) -> Iterator[str]:
    said = []
    for shelf in _shelves(methods):
        verdicts = {
            f"{_name_within(first)} {one[METRIC]['difference']:+.3f}": verdict(one[METRIC])
            for (first, second), one in tested.items()
            if second == shelf and first[0] == shelf[0]
        }
        if verdicts:
            said.append(f"- {shelf[0]}, against its features off the shelf: {_each(verdicts)}.")
        between = {
            f"{_name_within(first)} against {_name_within(second)}": verdict(one[METRIC])
            for (first, second), one in tested.items()
            if _is_between(first, second) and first[0] == shelf[0]
        }
        if between:
            said.append(f"- {shelf[0]}, between labelings: {_each(between)}.")
    if said:
        yield from ("## In short", "", *said)


def _levels(
    methods: Mapping[Description, Row], by_scene: list[Row], by_label: list[Row]
) -> Iterator[str]:
    means = {one: row[METRIC] for one, row in methods.items()}
    bounds = {name: means.pop((name, "", "")) for name in BOUNDS if (name, "", "") in means}
    chance, most = bounds["random"], bounds["label oracle"]
    yield "## Between chance and what the labels allow"
    yield ""
    yield f"- By chance: {chance:.3f}."
    if "scene oracle" in bounds:
        yield f"- All images of the query's scene first: {bounds['scene oracle']:.3f}."
    yield f"- Ranked by the labels themselves: {most:.3f}, the most that there is to have."
    first = max(means, key=means.__getitem__)
    yield (
        f"- The highest mean of a description: {_with_interval(methods[first])}, by "
        f"{_name(first)}. That is {(means[first] - chance) / (most - chance):.0%} of the way from "
        "chance to the most."
    )
    scenes = {row["scene"]: row[METRIC] for row in by_scene if _description(row, FIRST) == first}
    labels = {
        row["label"]: row["precision"] for row in by_label if _description(row, FIRST) == first
    }
    if scenes:
        yield f"- Of its scenes, the {METRIC} is {_extremes(scenes)}."
    yield (
        "- Of its labels, the share of images with the label, among what queries with it find, is "
        f"{_extremes(labels)}."
    )


def _network(
    shelf: Description,
    methods: Mapping[Description, Row],
    tested: Mapping[tuple[Description, Description], Contrast],
) -> Iterator[str]:
    name = shelf[0]
    against_shelf = {first: one for (first, second), one in tested.items() if second == shelf}
    between = {
        pair: one for pair, one in tested.items() if pair[0][0] == name and _is_between(*pair)
    }
    handcrafted: dict[Description, dict[Description, Row]] = {}
    for (first, second), one in tested.items():
        if first[0] == name and second[2] == HISTOGRAM:
            handcrafted.setdefault(second, {})[first] = one[METRIC]
    yield f"## {name}"
    yield ""
    yield f"Against its pooled features off the shelf, {_with_interval(methods[shelf])}:"
    yield ""
    for first, one in against_shelf.items():
        yield f"- **{_name_within(first)}**: {_result(one)}"
    if between:
        yield ""
        yield "Between labelings:"
        yield ""
        for (first, second), one in between.items():
            yield f"- **{_name_within(first)}** against {_name_within(second)}: {_result(one)}"
    if handcrafted:
        yield ""
        yield "Against descriptions without learning:"
        yield ""
        for baseline, rows in handcrafted.items():
            yield f"- **{baseline[0]}**, {_with_interval(methods[baseline])}: {_all_against(rows)}"


def _shelves(methods: Mapping[Description, Row]) -> list[Description]:
    """Return what the labelings of each network are compared with."""
    return [one for one in methods if one[1:] == (OFF_THE_SHELF, POOL)]


def _is_between(first: Description, second: Description) -> bool:
    return (first[1], second[1]) in BETWEEN


def _result(contrast: Contrast) -> str:
    """Say how a contrast ends."""
    row = contrast[METRIC]
    ended = verdict(row)
    by = f", {row['difference']:+.3f}" if ended == _UNTOLD else f" by {abs(row['difference']):.3f}"
    others = {
        metric: verdict(contrast[metric])
        for metric in METRICS
        if metric != METRIC and not isnan(contrast[metric]["p_holm"])
    }
    return (
        f"{ended}{by} [{row['low']:+.3f}, {row['high']:+.3f}], adjusted p = {row['p_holm']:.2g}; "
        f"queries better, alike, worse: {row['wins']}, {row['ties']}, {row['losses']}."
        f"{_doubts(row)} By the other metrics: {_grouped(others)}."
    )


def _doubts(row: Row) -> str:
    """Say where a difference hangs on these very scenes or seeds."""
    if verdict(row) == _UNTOLD:
        return ""
    units = {"scene": "whole scenes are drawn, not queries,", "seed": "seeds are drawn, too,"}
    return "".join(
        f" But when {drawn} the interval is [{low:+.3f}, {high:+.3f}], with zero in it."
        for unit, drawn in units.items()
        if (low := row[f"{unit}_low"]) <= 0 <= (high := row[f"{unit}_high"])
    )


def _all_against(rows: Mapping[Description, Row]) -> str:
    """Say how a network's descriptions stand against one."""
    differences = [row["difference"] for row in rows.values()]
    return (
        f"{_grouped({_name_within(one): verdict(row) for one, row in rows.items()})}; "
        f"the differences are {min(differences):+.3f} to {max(differences):+.3f}, the adjusted p "
        f"values up to {max(row['p_holm'] for row in rows.values()):.2g}."
    )


def _grouped(verdicts: Mapping[str, str]) -> str:
    """Say of which names each verdict is, or that it is of all."""
    alike = set(verdicts.values())
    return f"{alike.pop()}: all" if len(alike) == 1 else _each(verdicts)


def _each(verdicts: Mapping[str, str]) -> str:
    """Say of which names each verdict is."""
    return "; ".join(
        f"{one}: {', '.join(names)}"
        for one in ("better", "worse", _UNTOLD)
        if (names := [name for name, own in verdicts.items() if own == one])
    )


def _extremes(values: Mapping[str, float]) -> str:
    known = sorted(
        (item for item in values.items() if not isnan(item[1])), key=lambda item: item[1]
    )
    shown = max(1, min(_EXTREMES, len(known) // 2))
    highest, lowest = known[: -shown - 1 : -1], known[:shown]
    return f"highest for {_listed(highest)}, and lowest for {_listed(lowest)}"


def _listed(items: list[tuple[str, float]]) -> str:
    return ", ".join(f"{name} ({value:.3f})" for name, value in items)


def _with_interval(row: Row) -> str:
    return f"{row[METRIC]:.3f} [{row[f'{METRIC}_low']:.3f}, {row[f'{METRIC}_high']:.3f}]"


def _name(description: Description) -> str:
    backbone, labeling, descriptor = description
    return f"{backbone} {labeling} ({descriptor})"


def _name_within(description: Description) -> str:
    """Return the name of a description where its network is clear; a bound has only its own."""
    backbone, labeling, descriptor = description
    return f"{labeling} ({descriptor})" if labeling else backbone


def _description(row: Row, columns: list[str]) -> Description:
    backbone, labeling, descriptor = (row[name] for name in columns)
    return backbone, labeling, descriptor


def _rows(table: pd.DataFrame, cutoff: int) -> list[Row]:
    """Return the rows under the first protocol at a cutoff."""
    chosen = table[(table["query"] == PROTOCOLS[0]) & (table["k"] == cutoff)]
    return list(chosen.to_dict("records"))
