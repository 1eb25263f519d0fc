"""Phrases of reports: verdicts, and the results of contrasts in words."""

from collections.abc import Mapping
from math import isnan
from typing import Any

from rsir.evaluation.methods import Method
from rsir.metrics.scoring import LOWER_IS_BETTER, METRICS

METRIC = "accuracy"
"""The main metric; for the others, only the verdicts are reported."""

LEVEL = 0.05
"""The significance level of adjusted p values."""

NOT_SIGNIFICANT = "not significant"
_EXTREMES = 3

Row = Mapping[Any, Any]
Contrast = dict[str, Row]
"""A row per metric."""


def verdict(row: Row) -> str:
    """Return whether the first method of a contrast is `better`, `worse`, or `not significant`."""
    if not row["p_holm"] <= LEVEL:
        return NOT_SIGNIFICANT
    return "better" if (row["difference"] > 0) != (row["metric"] in LOWER_IS_BETTER) else "worse"


def result(contrast: Contrast) -> str:
    """Return the result of a contrast in words."""
    row = contrast[METRIC]
    main = verdict(row)
    significant = main != NOT_SIGNIFICANT
    size = f" by {abs(row['difference']):.3f}" if significant else f", {row['difference']:+.3f}"
    others = {
        metric: verdict(contrast[metric])
        for metric in METRICS
        if metric != METRIC and not isnan(contrast[metric]["p_holm"])
    }
    return (
        f"{main}{size} [{row['low']:+.3f}, {row['high']:+.3f}], adjusted p = {row['p_holm']:.2g}; "
        f"wins / ties / losses over queries: {row['wins']} / {row['ties']} / {row['losses']}."
        f"{_caveats(row) if significant else ''} Other metrics: {grouped(others)}."
    )


def _caveats(row: Row) -> str:
    """State which of the wider intervals of a significant difference include zero."""
    units = {
        "scene": "scene classes resampled instead of queries",
        "seed": "seeds resampled as well as queries",
    }
    return "".join(
        f" However, with {resampled}, the interval is [{low:+.3f}, {high:+.3f}] and includes zero."
        for unit, resampled in units.items()
        if (low := row[f"{unit}_low"]) <= 0 <= (high := row[f"{unit}_high"])
    )


def all_against(rows: Mapping[Method, Row]) -> str:
    """Return the results of a network's methods against one baseline."""
    differences = [row["difference"] for row in rows.values()]
    return (
        f"{grouped({name_within(method): verdict(row) for method, row in rows.items()})}; "
        f"differences from {min(differences):+.3f} to {max(differences):+.3f}, largest adjusted p "
        f"= {max(row['p_holm'] for row in rows.values()):.2g}."
    )


def grouped(verdicts: Mapping[str, str]) -> str:
    """Return the names of each verdict, or `all` if there is one verdict."""
    different = set(verdicts.values())
    return f"{different.pop()}: all" if len(different) == 1 else each(verdicts)


def each(verdicts: Mapping[str, str]) -> str:
    """Return the names of each verdict."""
    return "; ".join(
        f"{text}: {', '.join(names)}"
        for text in ("better", "worse", NOT_SIGNIFICANT)
        if (names := [name for name, of_name in verdicts.items() if of_name == text])
    )


def extremes(values: Mapping[str, float]) -> str:
    """Return the highest and the lowest values with their names."""
    defined = sorted(
        (item for item in values.items() if not isnan(item[1])), key=lambda item: item[1]
    )
    count = max(1, min(_EXTREMES, len(defined) // 2))
    highest, lowest = defined[: -count - 1 : -1], defined[:count]
    return f"highest for {_listed(highest)}, and lowest for {_listed(lowest)}"


def _listed(items: list[tuple[str, float]]) -> str:
    return ", ".join(f"{name} ({value:.3f})" for name, value in items)


def with_interval(row: Row) -> str:
    """Return a mean with its interval."""
    return f"{row[METRIC]:.3f} [{row[f'{METRIC}_low']:.3f}, {row[f'{METRIC}_high']:.3f}]"


def name_within(method: Method) -> str:
    """Return the name of a method within the section of its network, or of a bound."""
    backbone, labeling, descriptor = method
    return f"{labeling} ({descriptor})" if labeling else backbone
