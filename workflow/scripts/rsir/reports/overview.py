"""The summary and the tables of an archive on one page."""

import math
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from markdown_it import MarkdownIt

from rsir.evaluation.methods import AGAINST, NAME, SETTING, headline_rows
from rsir.metrics.scoring import METRICS
from rsir.reports.html_page import rendered
from rsir.reports.verdict_table import verdict_table
from rsir.search.protocol import KEPT

FORMATS = {
    "difference": "{:+.3f}",
    "low": "{:+.3f}",
    "high": "{:+.3f}",
    "p_holm": "{:.2g}",
    "wins": "{:.0f}",
    "ties": "{:.0f}",
    "losses": "{:.0f}",
}
P_VALUE = "{:.2g}"


def overview(
    template: Path,
    archive: str,
    summary: str,
    comparison: pd.DataFrame,
    contrasts: pd.DataFrame,
    reference: str | None = None,
) -> str:
    """Return the page as self-contained HTML.

    Parameters
    ----------
    template
        Template of the page.
    archive
        Name of the archive.
    summary
        Markdown, as `rsir.reports.summary.summary` returns it.
    comparison, contrasts
        Rows of `rsir.evaluation.comparison.comparison` and `rsir.evaluation.contrasts.contrasts`,
        as reports name methods.
    reference
        The method that the marks of the first table are against, as for
        `rsir.reports.verdict_table.verdict_table`.
    """
    return rendered(
        template,
        archive=archive,
        verdicts=verdict_table(
            comparison.assign(archive=archive), contrasts.assign(archive=archive), reference
        ),
        summary=MarkdownIt("commonmark", {"html": False}).render(summary),
        tables=[*_means(comparison), *_differences(contrasts)],
    )


def _means(comparison: pd.DataFrame) -> list[tuple[str, str]]:
    """Return a table for each condition and cutoff: methods, and means with their intervals."""
    tables = []
    for setting, rows in comparison.groupby(SETTING, sort=False):
        table = rows[NAME].copy()
        for metric in METRICS:
            table[metric] = [
                "–" if math.isnan(mean) else f"{mean:.3f} [{low:.3f}, {high:.3f}]"
                for mean, low, high in rows[[metric, f"{metric}_low", f"{metric}_high"]].to_numpy()
            ]
        tables.append((f"Comparison: {_setting(setting, comparison)}", table_html(table)))
    return tables


def _differences(contrasts: pd.DataFrame) -> list[tuple[str, str]]:
    """Return a table of the headline rows of the planned contrasts, for the first metric."""
    rows = headline_rows(contrasts[contrasts["metric"] == METRICS[0]])
    if rows.empty:
        return []
    table = rows[[*NAME, *AGAINST]].copy()
    for column, form in FORMATS.items():
        table[column] = ["–" if math.isnan(value) else form.format(value) for value in rows[column]]
    setting = _setting(rows.iloc[0][SETTING], contrasts)
    return [(f"Contrasts: {METRICS[0]}, {setting}", table_html(table))]


def formatted(rows: pd.DataFrame, names: list[str], numbers: list[str]) -> pd.DataFrame:
    """Return columns of names, and of numbers as texts; a dash for a number that is missing."""
    table = rows[names].copy()
    for column in numbers:
        form = FORMATS.get(column, P_VALUE if column.endswith("p_holm") else "{:.3f}")
        table[column] = ["–" if math.isnan(value) else form.format(value) for value in rows[column]]
    return table


def _setting(values: Iterable[object], table: pd.DataFrame) -> str:
    """Name a condition and cutoff; duplicates are named where the table has several treatments."""
    protocol, duplicates, cutoff = values
    named = f", duplicates {duplicates}" if set(table["duplicates"]) != {KEPT} else ""
    return f"first {cutoff}, query {protocol}{named}"


def table_html(table: pd.DataFrame) -> str:
    """Return a table as HTML, with spaces in the names of its columns."""
    return table.rename(columns=lambda name: name.replace("_", " ")).to_html(index=False, border=0)
