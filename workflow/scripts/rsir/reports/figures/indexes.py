"""Accuracy of approximate indexes against their size and their speed."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from rsir.evaluation.methods import EXACT, NAME, headline_rows
from rsir.reports.figures.panels import add_legend, draw_grid, key
from rsir.reports.figures.rows import records
from rsir.reports.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILLION,
    WIDTH,
    in_style,
    readable,
)

AXES = {"bytes_per_image": "bytes per image", "queries_per_second": "queries per second"}
"""Columns of the horizontal axes, and their labels."""

_LOOKS = {
    EXACT: ("*", BLACK),
    "hnsw": ("o", BLUE),
    "ivf": ("s", GREEN),
    "ivfpq": ("D", ORANGE),
    "binary": ("^", VERMILLION),
}


@in_style
def indexes_figure(table: pd.DataFrame) -> Figure:
    """Draw a row of panels per backbone: accuracy by bytes per image and by queries per second.

    Parameters
    ----------
    table
        Rows of `rsir.evaluation.index_quality.index_table` of every model. The first cutoff is
        drawn, averaged over seeds. A grey line joins the points of the frontier: no other point of
        the panel is as accurate and smaller or faster.
    """
    rows = headline_rows(table)
    points = [*NAME, "index", "setting"]
    means = rows.groupby(points, sort=False)[["accuracy", *AXES]].mean().reset_index()
    backbones = means["backbone"].unique()
    figure = Figure(figsize=(WIDTH, 1.0 + 2.2 * len(backbones)))
    panels = figure.subplots(len(backbones), len(AXES), sharex="col", squeeze=False)
    for backbone, across in zip(backbones, panels, strict=True):
        own = means[means["backbone"] == backbone]
        across[0].set_ylabel(f"{readable(backbone)}\naccuracy")
        for axes, column in zip(across, AXES, strict=True):
            draw_grid(axes)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:,.0f}")
            axes.xaxis.set_minor_formatter(NullFormatter())
            best = frontier(own, column, smaller=column == "bytes_per_image")
            axes.plot(best[column], best["accuracy"], color=GREY, linewidth=0.8, zorder=1)
            for row in records(own):
                marker, colour = _LOOKS[row["index"]]
                axes.plot(row[column], row["accuracy"], marker, color=colour, markersize=4)
    for axes, label in zip(panels[-1], AXES.values(), strict=True):
        axes.set_xlabel(label)
    drawn = means["index"].unique()
    keys = [
        key(name, marker=marker, color=colour)
        for name, (marker, colour) in _LOOKS.items()
        if name in drawn
    ]
    add_legend(figure, keys)
    return figure


def frontier(rows: pd.DataFrame, column: str, smaller: bool) -> pd.DataFrame:
    """Return the rows that no other row surpasses in accuracy and `column`, ordered by it.

    `smaller` says whether small values of `column` are better.
    """
    ordered = rows.sort_values([column, "accuracy"], ascending=[smaller, False])
    highest = ordered["accuracy"].cummax().shift(fill_value=float("-inf"))
    return ordered[ordered["accuracy"] > highest].sort_values(column)
