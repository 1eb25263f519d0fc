"""A table to look at: a row per method, its mean between the bounds, and its verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import pandas as pd

from rsir.evaluation.bounds import BOUNDS
from rsir.evaluation.methods import (
    AGAINST,
    OFF_THE_SHELF,
    POOL,
    Method,
    headline_rows,
    method_name,
    method_of,
)
from rsir.evaluation.planned import is_bound, references
from rsir.reports.phrases import METRIC, NOT_SIGNIFICANT, verdict

OWN_SHELF = f"*/{OFF_THE_SHELF}/{POOL}"
"""The reference where none is configured."""

MARKS = {"better": "▲", "worse": "▼", NOT_SIGNIFICANT: "○", "reference": "◆", "": ""}


@dataclass(frozen=True)
class Cell:
    """A mean on an archive, placed in percent between the lowest and the highest value drawn."""

    text: str
    interval: str
    mean: float
    low: float
    high: float
    verdict: str
    mark: str


@dataclass(frozen=True)
class Column:
    """An archive: the places of the bounds in percent, and their values."""

    archive: str
    bounds: dict[str, float]
    scale: str


def verdict_table(
    comparison: pd.DataFrame, contrasts: pd.DataFrame, reference: str | None
) -> dict[str, Any]:
    """Return the columns and rows of the table, for the headline rows of the main metric.

    Parameters
    ----------
    comparison
        Rows with a column `archive`, as reports name methods.
    contrasts
        Contrasts with a column `archive`.
    reference
        As for `rsir.evaluation.planned.planned_pairs`; None for the pooled off-the-shelf features
        of the own network.

    Returns
    -------
    dict
        `columns`, of type `Column`; `rows`, pairs of a method's name and its cells, None where an
        archive lacks it; `reference` and `metric` in words.
    """
    rows = headline_rows(comparison)
    means = {(row["archive"], method_of(row)): row for row in rows.to_dict("records")}
    archives = list(dict.fromkeys(archive for archive, _ in means))
    methods = list(dict.fromkeys(method for _, method in means if not is_bound(method)))
    scales = {archive: _scale(archive, means) for archive in archives}
    chosen = headline_rows(contrasts[contrasts["metric"] == METRIC])
    verdicts = pair_verdicts(chosen)
    return {
        "metric": METRIC,
        "reference": reference or "the pooled off-the-shelf features of its network",
        "columns": [_column(archive, means, scales[archive]) for archive in archives],
        "rows": [
            (
                method_name(method),
                [
                    _cell(
                        means[archive, method],
                        scales[archive],
                        verdict_against(reference or OWN_SHELF, archive, method, methods, verdicts),
                    )
                    if (archive, method) in means
                    else None
                    for archive in archives
                ],
            )
            for method in methods
        ],
    }


def _scale(
    archive: str, means: Mapping[tuple[str, Method], Mapping[Any, Any]]
) -> tuple[float, float]:
    """Return the lowest and the highest value that is drawn for an archive."""
    ends = [
        row[f"{METRIC}{end}"]
        for (name, _), row in means.items()
        if name == archive
        for end in ("", "_low", "_high")
    ]
    defined = [end for end in ends if not isnan(end)]
    return min(defined), max(defined)


def _place(value: float, scale: tuple[float, float]) -> float:
    least, most = scale
    return round(100 * (value - least) / (most - least), 2) if most > least else 50.0


def _column(
    archive: str, means: Mapping[tuple[str, Method], Mapping[Any, Any]], scale: tuple[float, float]
) -> Column:
    values = {
        name: means[archive, (name, "", "")][METRIC]
        for name in BOUNDS
        if (archive, (name, "", "")) in means
    }
    text = " · ".join(f"{value:.3f}" for value in values.values())
    return Column(archive, {name: _place(value, scale) for name, value in values.items()}, text)


def _cell(row: Mapping[Any, Any], scale: tuple[float, float], of_reference: str) -> Cell:
    mean, low, high = (row[f"{METRIC}{end}"] for end in ("", "_low", "_high"))
    return Cell(
        text=f"{mean:.3f}",
        interval=f"[{low:.3f}, {high:.3f}]",
        mean=_place(mean, scale),
        low=_place(low, scale),
        high=_place(high, scale),
        verdict=of_reference,
        mark=MARKS[of_reference],
    )


def pair_verdicts(contrasts: pd.DataFrame) -> dict[tuple[str, Method, Method], str]:
    """Return the verdict on each pair of methods on each archive, in both directions.

    `contrasts` are of one metric, condition and cutoff.
    """
    reverse = {"better": "worse", "worse": "better"}
    verdicts = {}
    for row in contrasts.to_dict("records"):
        first, second, said = method_of(row), method_of(row, AGAINST), verdict(row)
        verdicts[row["archive"], second, first] = reverse.get(said, said)
        verdicts[row["archive"], first, second] = said
    return verdicts


def verdict_against(
    reference: str,
    archive: str,
    method: Method,
    methods: Sequence[Method],
    verdicts: Mapping[tuple[str, Method, Method], str],
) -> str:
    """Return the verdict on a method, `reference` for the reference itself, or an empty text."""
    others = references(reference, method, methods)
    for other in others:
        if (archive, method, other) in verdicts:
            return verdicts[archive, method, other]
    return "" if others or not _is_named(reference, method) else "reference"


def _is_named(reference: str, method: Method) -> bool:
    parts = reference.split("/")
    return all(part in ("*", own) for part, own in zip(parts, method, strict=False))
