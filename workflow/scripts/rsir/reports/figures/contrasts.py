"""The planned contrasts, each difference with its interval: a forest plot."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rsir.evaluation.methods import (
    AGAINST,
    HISTOGRAM,
    OFF_THE_SHELF,
    POOL,
    headline_rows,
    method_of,
)
from rsir.evaluation.planned import is_bound
from rsir.reports.figures.panels import (
    add_legend,
    descriptor_keys,
    draw_grid,
    draw_method,
    key,
    label_rows,
)
from rsir.reports.figures.rows import (
    Place,
    count_lines,
    grouped,
    records,
    row_label,
    without_bounds,
)
from rsir.reports.figures.style import WIDTH, in_style, labeling_colours, note, readable
from rsir.reports.phrases import LEVEL, METRIC

AGAINST_SHELF = "against off the shelf, pooled"
BETWEEN_LABELINGS = "between labelings"
BETWEEN_DESCRIPTORS = "between descriptors"


@in_style
def contrasts_figure(table: pd.DataFrame, labelings: Sequence[str]) -> Figure:
    """Draw the differences in accuracy, a column of panels per network, of the headline rows.

    The differences from the handcrafted baselines, which are larger, have their own panels below
    the others. Bounds are left out.

    Parameters
    ----------
    table : DataFrame
        As `rsir.evaluation.contrasts.contrasts` returns it.
    labelings : sequence of str
        As for `rsir.reports.figures.style.labeling_colours`.
    """
    rows = without_bounds(headline_rows(table))
    rows = rows[rows["metric"] == METRIC]
    if rows.empty:
        return note("The run has no pair of methods that is to be compared.")
    networks = list(rows["backbone"].unique())
    handcrafted = rows[AGAINST[2]] == HISTOGRAM
    parts = [part for part in (rows[~handcrafted], rows[handcrafted]) if not part.empty]
    groups = [grouped(map(place_of, records(part))) for part in parts]
    lines = [count_lines(of_part) for of_part in groups]
    width = max(WIDTH, 2.2 + 1.3 * len(networks))
    figure = Figure(figsize=(width, 0.7 + 0.3 * len(parts) + 0.17 * sum(lines)))
    panels = figure.subplots(
        len(parts), len(networks), sharex="row", sharey="row", squeeze=False, height_ratios=lines
    )
    colours = labeling_colours(labelings)
    for part, of_part, across in zip(parts, groups, panels, strict=True):
        heights = label_rows(across[0], of_part)
        for network, axes in zip(networks, across, strict=True):
            _draw_scale(axes)
            for row in records(part[part["backbone"] == network]):
                value = row["difference"], row["low"], row["high"]
                significant = row["p_holm"] <= LEVEL
                draw_method(
                    axes, method_of(row), value, heights[place_of(row)], colours, significant
                )
    for network, axes in zip(networks, panels[0], strict=True):
        axes.set_title(readable(network), fontweight="bold")
    figure.supxlabel(
        f"difference in {METRIC} of the first {rows['k'].iloc[0]} retrieved, with 95 % interval; "
        "right of the line is better"
    )
    hollow = key("not significant", marker="s", markerfacecolor="white")
    add_legend(
        figure,
        [
            *descriptor_keys(set(rows["descriptor"])),
            key(f"adjusted p ≤ {LEVEL}", marker="s"),
            hollow,
        ],
    )
    return figure


def place_of(row: Mapping[str, Any]) -> Place:
    """Return the place of a contrast."""
    first, second = method_of(row), method_of(row, AGAINST)
    label = row_label(first[1], first[2])
    if second[2] == HISTOGRAM:
        return f"against {readable(second[0])}", label
    if is_bound(second):
        return f"against {second[0]}", label
    if second[0] == first[0] and second[1:] == (OFF_THE_SHELF, POOL):
        return AGAINST_SHELF, label
    of_descriptor = "" if first[2] == second[2] else f" ({second[2]})"
    versus = f"{label} vs {readable(second[1])}{of_descriptor}"
    if second[0] == first[0]:
        return BETWEEN_LABELINGS if first[1] != second[1] else BETWEEN_DESCRIPTORS, versus
    return f"against {readable(second[0])}", versus


def _draw_scale(axes: Axes) -> None:
    draw_grid(axes, "x")
    axes.axvline(0, color="black", linewidth=0.8, zorder=1)
    axes.locator_params(axis="x", nbins=4)
