"""The thesis' published numbers beside ours: a dumbbell plot."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from rsir.evaluation.thesis_numbers import METRICS
from rsir.reports.figures.rows import place_of, records
from rsir.reports.figures.style import (
    BLACK,
    FAINT,
    GREY,
    WIDTH,
    draw_interval,
    in_style,
    key,
    label_rows,
    labeling_colours,
    note,
)


@in_style
def thesis_figure(table: pd.DataFrame, labelings: Sequence[str]) -> Figure:
    """Draw a panel per metric with a row per network and labeling.

    Parameters
    ----------
    table : DataFrame
        As `rsir.evaluation.thesis_numbers.thesis_table` returns it.
    labelings : sequence of str
        All that have a colour, as `labeling_colours` takes them.
    """
    if table.empty:
        return note("The run has no network of the thesis, so there is nothing to put beside it.")
    groups: dict[str, list[str]] = {}
    for row in records(table):
        heading, label = place_of(row["backbone"], row["labeling"], row["descriptor"])
        if label not in groups.setdefault(heading, []):
            groups[heading].append(label)
    lines = sum(1 + len(labels) for labels in groups.values())
    figure = Figure(figsize=(WIDTH, 1.1 + 0.19 * lines))
    panels = figure.subplots(1, len(METRICS), sharex=True, sharey=True)
    places = label_rows(panels[0], groups)
    colours = labeling_colours(labelings)
    for axes, metric in zip(panels, METRICS, strict=True):
        axes.set_title(metric)
        axes.grid(axis="x", color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        for row in records(table[table["metric"] == metric]):
            place = places[place_of(row["backbone"], row["labeling"], row["descriptor"])]
            axes.plot([row["thesis"], row["ours"]], [place] * 2, color=GREY, linewidth=0.6)
            ours = (row["ours"], row["ours_low"], row["ours_high"])
            draw_interval(axes, ours, place, colours[row["labeling"]], "o")
            axes.plot([row["thesis"]], [place], "|", color=BLACK, markersize=9, markeredgewidth=1.5)
    figure.supxlabel("mean of the first 20 retrieved, the query among them")
    keys = [
        key("the thesis", marker="|", color=BLACK, markersize=9, markeredgewidth=1.5),
        key("ours, with 95 % interval", marker="o", linestyle="-"),
    ]
    figure.legend(handles=keys, loc="outside upper center", ncols=len(keys))
    return figure
