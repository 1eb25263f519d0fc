"""What the tables of an archive show, and the tables themselves, on one page."""

import math
from pathlib import Path

import pandas as pd
from markdown_it import MarkdownIt

from rsir.evaluation.methods import METHOD
from rsir.metrics.scoring import METRICS
from rsir.reports.html_page import rendered

SHOWN = {
    "difference": "{:+.3f}",
    "low": "{:+.3f}",
    "high": "{:+.3f}",
    "p_holm": "{:.2g}",
    "wins": "{:.0f}",
    "ties": "{:.0f}",
    "losses": "{:.0f}",
}


def overview(
    template: Path, archive: str, summary: str, comparison: pd.DataFrame, contrasts: pd.DataFrame
) -> str:
    """Return the page, HTML that needs nothing beside it.

    Parameters
    ----------
    template
        Of the page.
    archive
        Its name.
    summary
        What `rsir.reports.summary.summary` says, in Markdown.
    comparison, contrasts
        Rows of `rsir.evaluation.comparison.comparison` and `rsir.evaluation.contrasts.contrasts`.
    """
    words = MarkdownIt("commonmark", {"html": False}).render(summary)
    return rendered(
        template,
        archive=archive,
        words=words,
        tables=[*_means(comparison), *_differences(contrasts)],
    )


def _means(comparison: pd.DataFrame) -> list[tuple[str, str]]:
    """Return a table for each protocol and cutoff: methods, and means with their intervals."""
    tables = []
    for (protocol, cutoff), rows in comparison.groupby(METHOD[3:], sort=False):
        shown = rows[METHOD[:3]].copy()
        for metric in METRICS:
            shown[metric] = [
                "–" if math.isnan(mean) else f"{mean:.3f} [{low:.3f}, {high:.3f}]"
                for mean, low, high in rows[[metric, f"{metric}_low", f"{metric}_high"]].to_numpy()
            ]
        tables.append((f"Comparison: first {cutoff}, query {protocol}", _html(shown)))
    return tables


def _differences(contrasts: pd.DataFrame) -> list[tuple[str, str]]:
    """Return a table of the planned contrasts by accuracy, at the first protocol and cutoff."""
    rows = contrasts[contrasts["metric"] == METRICS[0]]
    if rows.empty:
        return []
    protocol, cutoff = rows.iloc[0][METHOD[3:]]
    rows = rows[(rows["query"] == protocol) & (rows["k"] == cutoff)]
    names = [f"{prefix}{name}" for prefix in ("", "against_") for name in METHOD[:3]]
    shown = rows[names].copy()
    for column, form in SHOWN.items():
        shown[column] = ["–" if math.isnan(value) else form.format(value) for value in rows[column]]
    title = f"Contrasts: {METRICS[0]}, first {cutoff}, query {protocol}"
    return [(title, _html(shown))]


def _html(table: pd.DataFrame) -> str:
    return table.rename(columns=lambda name: name.replace("_", " ")).to_html(index=False, border=0)
