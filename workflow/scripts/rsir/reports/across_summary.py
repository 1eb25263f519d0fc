"""The results across archives in words."""

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import Any

import pandas as pd

from rsir.evaluation.methods import (
    ACROSS,
    AGAINST,
    HISTOGRAM,
    Method,
    headline_rows,
    method_name,
    method_of,
)
from rsir.evaluation.planned import is_bound
from rsir.reports.phrases import LEVEL, METRIC, NOT_SIGNIFICANT, grouped, name_within

Row = Mapping[Any, Any]

_LEAST = 0.0001

AGREEMENT = {
    "opposite": "The archives contradict each other",
    "heterogeneous": "The size of the difference depends on the archive",
}


def across_summary(comparison: pd.DataFrame, contrasts: pd.DataFrame, ranks: pd.DataFrame) -> str:
    """Return a report in Markdown of the headline rows of the tables across archives.

    The arguments are the tables that `rsir.evaluation.across_tables` makes.
    """
    rows = headline_rows(comparison).to_dict("records")
    tested = headline_rows(contrasts[contrasts["metric"] == METRIC]).to_dict("records")
    ranked = headline_rows(ranks[ranks["metric"] == METRIC]).to_dict("records")
    sections = [
        _introduction(rows, len(tested)),
        _contrasts(tested),
        _ranks(ranked),
        _missing(rows),
    ]
    return "\n\n".join(filter(None, map("\n".join, sections))) + "\n"


def missing_methods(rows: Sequence[Row]) -> dict[Method, list[str]]:
    """Return the archives that lack a method which another archive has."""
    archives = list(dict.fromkeys(row["archive"] for row in rows if row["archive"] != ACROSS))
    having: dict[Method, set[str]] = {}
    for row in rows:
        having.setdefault(method_of(row), set()).add(row["archive"])
    return {
        method: lacking
        for method, names in having.items()
        if (lacking := [archive for archive in archives if archive not in names])
    }


def _introduction(rows: Sequence[Row], tests: int) -> Iterator[str]:
    queries = {row["archive"]: row["queries"] for row in rows if row["archive"] != ACROSS}
    listed = ", ".join(f"{archive} ({count} queries)" for archive, count in queries.items())
    yield "# Retrieval results across archives"
    yield ""
    yield (
        f"Archives: {listed}. The first {rows[0]['k']} retrieved images per query, query excluded; "
        f"metric: {METRIC}. Means over archives count each archive once, whatever its size. "
        "Brackets: 95 % intervals over queries."
    )
    if not tests:
        return
    yield ""
    yield (
        f'"Better" and "worse": adjusted p ≤ {LEVEL}, sign flips of queries within archives, Holm '
        "correction over all contrasts, on each archive, over archives and for heterogeneity. The "
        "tests speak for these archives; whether a difference holds for others, no test of so few "
        "archives can say. Heterogeneity: Welch's test of equal differences on all archives."
    )


def _contrasts(tested: Sequence[Row]) -> Iterator[str]:
    by_pair: dict[tuple[Method, Method], dict[str, Row]] = {}
    for row in tested:
        pair = method_of(row), method_of(row, AGAINST)
        by_pair.setdefault(pair, {})[row["archive"]] = row
    shown = {pair: rows for pair, rows in by_pair.items() if not any(map(is_bound, pair))}
    if not shown:
        return
    yield "## Contrasts"
    yield ""
    handcrafted: dict[tuple[str, str], dict[Method, Row]] = {}
    for (first, second), rows in shown.items():
        if second[2] == HISTOGRAM and ACROSS in rows:
            handcrafted.setdefault((first[0], second[0]), {})[first] = rows[ACROSS]
        else:
            yield f"- **{method_name(first)}** against {method_name(second)}: {_result(rows)}"
    for (network, baseline), of_network in handcrafted.items():
        yield f"- **{network}** against {baseline}, over archives: {_all_against(of_network)}"


def _all_against(rows: Mapping[Method, Row]) -> str:
    """Return the results of a network's methods against one handcrafted descriptor."""
    said = {"better": "better", "worse": "worse", "undecided": NOT_SIGNIFICANT}
    verdicts = {name_within(method): said[row["verdict"]] for method, row in rows.items()}
    differences = [row["difference"] for row in rows.values()]
    apart = [
        f" {text}: {', '.join(names)}."
        for agreement, text in AGREEMENT.items()
        if (
            names := [
                name_within(one) for one, row in rows.items() if row["agreement"] == agreement
            ]
        )
    ]
    return (
        f"{grouped(verdicts)}; differences from {min(differences):+.3f} to "
        f"{max(differences):+.3f}, largest adjusted p "
        f"{_p(max(row['p_holm'] for row in rows.values()))}.{''.join(apart)}"
    )


def _result(rows: Mapping[str, Row]) -> str:
    own = {archive: row for archive, row in rows.items() if archive != ACROSS}
    verdicts = "; ".join(
        f"{verdict} on {', '.join(names)}"
        for verdict in ("better", "worse", "undecided")
        if (
            names := [
                f"{archive} ({row['difference']:+.3f})"
                for archive, row in own.items()
                if row["verdict"] == verdict
            ]
        )
    )
    if ACROSS not in rows:
        return f"{verdicts}."
    row = rows[ACROSS]
    interval = f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
    apart = row["heterogeneity_p_holm"]
    agreement = AGREEMENT.get(row["agreement"])
    by_scene = row["scene_p_holm"]
    return (
        f"{row['verdict']} over {row['archives']:.0f} archives, {interval}, adjusted p "
        f"{_p(row['p_holm'])}{'' if isnan(by_scene) else f' (over scenes {_p(by_scene)})'}; "
        f"ahead on {row['archive_wins']:.0f}, behind on {row['archive_losses']:.0f}; {verdicts}; "
        f"heterogeneity: adjusted p {_p(apart)}.{f' **{agreement}.**' if agreement else ''}"
    )


def _p(value: float) -> str:
    return f"= {value:.2g}" if value >= _LEAST else f"< {_LEAST}"


def _ranks(ranked: Sequence[Row]) -> Iterator[str]:
    if not ranked:
        return
    yield "## Ranks"
    yield ""
    yield (
        "Mean rank over archives, 1 is best. Methods without a common letter differ significantly "
        "in the mean over archives (Holm correction over all pairs)."
    )
    yield ""
    for row in ranked:
        name = method_name(method_of(row))
        yield f"- {row['mean_rank']:.2f} {name}: mean {row['mean']:.3f}, {row['letters']}"


def _missing(rows: Sequence[Row]) -> Iterator[str]:
    missing = missing_methods(rows)
    if not missing:
        return
    yield "## Missing"
    yield ""
    yield "These methods are not on all archives and have no mean over archives and no rank:"
    yield ""
    for method, archives in missing.items():
        yield f"- {method_name(method)}: not on {', '.join(archives)}"
