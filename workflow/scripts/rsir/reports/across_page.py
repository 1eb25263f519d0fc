"""The results across archives on one page."""

from pathlib import Path

import pandas as pd
from markdown_it import MarkdownIt

from rsir.evaluation.methods import ACROSS, AGAINST, NAME, headline_rows
from rsir.reports.html_page import rendered
from rsir.reports.overview import formatted, table_html
from rsir.reports.phrases import METRIC
from rsir.reports.verdict_table import verdict_table

_SHOWN = ["difference", "low", "high", "p_holm", "scene_p_holm", "heterogeneity_p_holm"]


def across_page(
    template: Path,
    summary: str,
    comparison: pd.DataFrame,
    contrasts: pd.DataFrame,
    ranks: pd.DataFrame,
    reference: str | None,
) -> str:
    """Return the page as self-contained HTML.

    Parameters
    ----------
    template
        Template of the page.
    summary
        Markdown, as `rsir.reports.across_summary.across_summary` returns it.
    comparison, contrasts, ranks
        The tables that `rsir.evaluation.across_tables` makes.
    reference
        As for `rsir.reports.verdict_table.verdict_table`.
    """
    differences = headline_rows(contrasts[contrasts["metric"] == METRIC])
    names = [*NAME, *AGAINST, "archive"]
    ranked = headline_rows(ranks[ranks["metric"] == METRIC])
    shown = formatted(ranked, [*NAME, "letters"], ["mean", "mean_rank"])
    return rendered(
        template,
        archive=ACROSS,
        verdicts=verdict_table(comparison, contrasts, reference),
        summary=MarkdownIt("commonmark", {"html": False}).render(summary),
        tables=[
            (f"Contrasts: {METRIC}", table_html(formatted(differences, names, _SHOWN))),
            (f"Ranks: {METRIC}", table_html(shown)),
        ],
    )
