"""The numbers that the thesis published, and ours: a dumbbell plot."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from rsir.evaluation.methods import method_of
from rsir.evaluation.thesis_numbers import METRICS
from rsir.reports.figures.panels import add_legend, draw_interval, key, metric_panels
from rsir.reports.figures.rows import grouped, place_of, records
from rsir.reports.figures.style import BLACK, GREY, in_style, labeling_colours, note


@in_style
def thesis_figure(table: pd.DataFrame, labelings: Sequence[str]) -> Figure:
    """Draw a panel per metric with a row per network and labeling.

    Parameters
    ----------
    table : DataFrame
        As `rsir.evaluation.thesis_numbers.thesis_table` returns it.
    labelings : sequence of str
        As for `rsir.reports.figures.style.labeling_colours`.
    """
    if table.empty:
        return note("The run has no network of the thesis, so there is nothing to compare.")
    groups = grouped(place_of(*method_of(row)) for row in records(table))
    figure, panels, heights = metric_panels(METRICS, groups, margin=1.1, pad=6)
    colours = labeling_colours(labelings)
    of_thesis: dict[str, Any] = {
        "marker": "|",
        "color": BLACK,
        "markersize": 9,
        "markeredgewidth": 1.5,
    }
    for metric, axes in panels.items():
        for row in records(table[table["metric"] == metric]):
            height = heights[place_of(*method_of(row))]
            axes.plot([row["thesis"], row["ours"]], [height] * 2, color=GREY, linewidth=0.6)
            value = row["ours"], row["ours_low"], row["ours_high"]
            draw_interval(axes, value, height, colours[row["labeling"]], "o")
            axes.plot([row["thesis"]], [height], linestyle="", **of_thesis)
    figure.supxlabel("mean over the first 20 retrieved, query included")
    ours = key("ours, with 95 % interval", marker="o", linestyle="-")
    add_legend(figure, [key("the thesis", **of_thesis), ours])
    return figure
