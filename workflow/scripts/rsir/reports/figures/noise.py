"""Accuracy against the share of wrong labels in training."""

from collections.abc import Mapping
from itertools import cycle

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from rsir.evaluation.methods import OUTPUT, POOL, headline_rows
from rsir.reports.figures.panels import add_legend, draw_grid, key
from rsir.reports.figures.style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILLION,
    WIDTH,
    in_style,
    note,
    readable,
)
from rsir.reports.phrases import METRIC

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION)
_STYLES = {POOL: "-", OUTPUT: "--"}


@in_style
def noise_figure(table: pd.DataFrame, lines: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw a panel per network and a line per labeling, kind of noise and descriptor.

    Parameters
    ----------
    table
        As `rsir.evaluation.comparison.comparison` returns it; the headline rows are drawn.
    lines
        The rate of each labeling of a line, by the title of the line.
    """
    rows = headline_rows(table)
    noisy = {labeling for line in lines.values() for labeling in line}
    networks = rows[rows["labeling"].isin(noisy)]["backbone"].unique()
    if len(networks) == 0:
        return note("No labelings of the run differ in their noise alone.")
    figure = Figure(figsize=(WIDTH, 3.0))
    panels = figure.subplots(1, len(networks), sharey=True, squeeze=False)[0]
    colours = dict(zip(lines, cycle(_COLOURS), strict=False))
    for network, axes in zip(networks, panels, strict=True):
        draw_grid(axes)
        axes.set_title(readable(str(network)), fontweight="bold")
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        for title, line in lines.items():
            for descriptor, style in _STYLES.items():
                chosen = (rows["backbone"] == network) & (rows["descriptor"] == descriptor)
                points = rows[chosen & rows["labeling"].isin(line)]
                points = points.assign(rate=points["labeling"].map(line)).sort_values("rate")
                x, mean = points["rate"].to_numpy(float), points[METRIC].to_numpy(float)
                low, high = (points[f"{METRIC}_{end}"].to_numpy(float) for end in ("low", "high"))
                axes.fill_between(x, low, high, color=colours[title], alpha=0.15, linewidth=0)
                axes.plot(x, mean, style, color=colours[title], marker="o", markersize=3)
    panels[0].set_ylabel(METRIC)
    figure.supxlabel(
        f"wrong labels of the training images; first {rows['k'].iloc[0]} retrieved, 95 % interval"
    )
    keys = [key(title, color=colour, linestyle="-") for title, colour in colours.items()]
    keys += [key(name, linestyle=style) for name, style in _STYLES.items()]
    add_legend(figure, keys, columns=4)
    return figure
