"""A forest plot: each contrast on each archive, and over archives."""

from collections.abc import Mapping, Sequence
from math import ceil
from textwrap import wrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rsir.evaluation.methods import ACROSS, AGAINST, HISTOGRAM, Method, headline_rows, method_of
from rsir.evaluation.planned import is_bound
from rsir.reports.figures.panels import add_legend, draw_grid, draw_interval, key
from rsir.reports.figures.rows import records
from rsir.reports.figures.style import BLACK, BLUE, VERMILLION, WIDTH, in_style, note, readable
from rsir.reports.phrases import LEVEL, METRIC

_ACROSS_PANELS = 3
_LETTERS = 30
"""Letters in a line above a panel."""

_MARKERS = {True: "D", False: "o"}


@in_style
def forest_figure(contrasts: pd.DataFrame) -> Figure:
    """Draw a panel per contrast with a row per archive, of the headline rows.

    Bounds are left out, and so are handcrafted baselines where other contrasts exist: their
    differences are larger.

    Parameters
    ----------
    contrasts : DataFrame
        As `rsir.evaluation.across_tables.with_intervals` returns it.
    """
    panels: dict[tuple[Method, Method], dict[str, Mapping[str, Any]]] = {}
    for row in records(headline_rows(contrasts[contrasts["metric"] == METRIC])):
        pair = method_of(row), method_of(row, AGAINST)
        if not any(map(is_bound, pair)):
            panels.setdefault(pair, {})[row["archive"]] = row
    learned = {pair: rows for pair, rows in panels.items() if pair[1][2] != HISTOGRAM}
    panels = learned or panels
    if not panels:
        return note("The run has no pair of methods that is to be compared.")
    archives = list(dict.fromkeys(name for rows in panels.values() for name in rows))
    archives = [*(name for name in archives if name != ACROSS), *[ACROSS] * (ACROSS in archives)]
    across = min(_ACROSS_PANELS, len(panels))
    down = ceil(len(panels) / across)
    lines = max(len(_title(*pair)) for pair in panels)
    panel = 0.2 + 0.14 * lines + 0.17 * len(archives)
    figure = Figure(figsize=(WIDTH, 0.7 + down * panel))
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, (pair, rows) in zip(grid.flat, panels.items(), strict=False):
        _draw_contrast(axes, pair, rows, archives)
    for axes in grid.flat[max(0, len(panels) - across) : len(panels)]:
        axes.tick_params(labelbottom=True)
    first = next(iter(next(iter(panels.values())).values()))
    figure.supxlabel(
        f"difference in {METRIC} of the first {first['k']} retrieved, with 95 % interval; right of "
        "the line, the first is better"
    )
    add_legend(
        figure,
        [
            key("archive", marker="o"),
            key("mean over archives", marker="D", color=BLUE),
            key(f"adjusted p ≤ {LEVEL}", marker="s"),
            key("not significant", marker="s", markerfacecolor="white"),
        ],
    )
    return figure


def _draw_contrast(
    axes: Axes,
    pair: tuple[Method, Method],
    rows: Mapping[str, Mapping[str, Any]],
    archives: Sequence[str],
) -> None:
    draw_grid(axes, "x")
    axes.axvline(0, color="black", linewidth=0.8, zorder=1)
    axes.locator_params(axis="x", nbins=5)
    names = [archive if archive != ACROSS else "all" for archive in archives]
    axes.set_yticks(range(len(archives)), names)
    axes.set_ylim(len(archives) - 0.4, -0.6)
    axes.set_title("\n".join(_title(*pair)), loc="left")
    if agreement := rows.get(ACROSS, {}).get("agreement", ""):
        axes.set_title(f"{agreement} ", loc="right", y=0.96, va="top", color=VERMILLION)
    for height, archive in enumerate(archives):
        if archive in rows:
            row = rows[archive]
            value = row["difference"], row["low"], row["high"]
            is_all = archive == ACROSS
            colour = BLUE if is_all else BLACK
            draw_interval(axes, value, height, colour, _MARKERS[is_all], row["p_holm"] <= LEVEL)


def _title(first: Method, second: Method) -> list[str]:
    """Return the lines of a title: the network, if it is of both, and what differs."""
    sides = [_name(first), f"vs {_name(second)}"]
    if first[0] == second[0]:
        network = readable(first[0])
        sides = [network, *(side.replace(f"{network} ", "") for side in sides)]
    return [line for side in sides for line in wrap(side, _LETTERS)]


def _name(method: Method) -> str:
    backbone, labeling, descriptor = method
    if descriptor == HISTOGRAM:
        return readable(backbone)
    return f"{readable(backbone)} {readable(labeling)}, {descriptor}"
