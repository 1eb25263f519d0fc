"""The mean scores of every method, between the bounds."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rsir.evaluation.bounds import BOUNDS
from rsir.evaluation.methods import headline_rows, method_of
from rsir.reports.figures.panels import add_legend, descriptor_keys, draw_method, key, metric_panels
from rsir.reports.figures.rows import bounds_of, grouped, place_of, records, without_bounds
from rsir.reports.figures.style import GREY, in_style, labeling_colours, note

METRICS = ("accuracy", "precision", "recall")


@in_style
def comparison_figure(table: pd.DataFrame, labelings: Sequence[str]) -> Figure:
    """Draw a panel per metric with a row per backbone and labeling, of the headline rows.

    A metric without values has no panel.

    Parameters
    ----------
    table : DataFrame
        As `rsir.evaluation.comparison.comparison` returns it.
    labelings : sequence of str
        As for `rsir.reports.figures.style.labeling_colours`.
    """
    rows = headline_rows(table)
    methods, bounds = list(records(without_bounds(rows))), list(records(bounds_of(rows)))
    if not methods:
        return note("The run computes no descriptors, so there is nothing to compare.")
    groups = grouped(place_of(*method_of(row)) for row in methods)
    drawn_metrics = [metric for metric in METRICS if rows[metric].notna().any()]
    figure, panels, heights = metric_panels(drawn_metrics, groups, margin=1.4, pad=34)
    colours = labeling_colours(labelings)
    for metric, axes in panels.items():
        for row in methods:
            value = row[metric], row[f"{metric}_low"], row[f"{metric}_high"]
            method = method_of(row)
            draw_method(axes, method, value, heights[place_of(*method)], colours)
        for row in bounds:
            _draw_bound(axes, row["backbone"], row[metric])
    first, drawn = methods[0], {row["descriptor"] for row in methods}
    figure.supxlabel(f"mean over {first['queries']} queries, first {first['k']} retrieved")
    add_legend(figure, [*descriptor_keys(drawn), key("95 % interval", linestyle="-", linewidth=1)])
    return figure


def _draw_bound(axes: Axes, bound: str, value: float) -> None:
    """Draw a bound as a line with its name above it; each name has its own height."""
    axes.axvline(value, color=GREY, linewidth=0.8, linestyle=":", zorder=1)
    axes.annotate(
        bound,
        (value, 1),
        xytext=(0, 2 + 10 * BOUNDS.index(bound)),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        color=GREY,
    )
