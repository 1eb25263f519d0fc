"""The planned contrasts, each difference with its interval: a forest plot."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rsir.evaluation.contrasts import FIRST, SECOND
from rsir.evaluation.methods import HISTOGRAM, OFF_THE_SHELF, POOL
from rsir.reports.figures.rows import described, quoted, records
from rsir.reports.figures.style import (
    DESCRIPTORS,
    FAINT,
    MARKERS,
    OFFSETS,
    WIDTH,
    draw_interval,
    in_style,
    key,
    label_rows,
    labeling_colours,
    note,
    readable,
)
from rsir.reports.summary import LEVEL, METRIC

Row = Mapping[str, Any]
Groups = dict[str, list[str]]

AGAINST_SHELF = "against off the shelf, pooled"
BETWEEN_LABELINGS = "between labelings"


@in_style
def contrasts_figure(table: pd.DataFrame, labelings: Sequence[str]) -> Figure:
    """Draw the differences in accuracy, a column of panels per network, under the quoted protocol.

    The differences from descriptions without learning, which are larger, have panels of their own
    below the others. Bounds are left out.

    Parameters
    ----------
    table : DataFrame
        As `rsir.evaluation.contrasts.contrasts` returns it.
    labelings : sequence of str
        All that have a colour, as `labeling_colours` takes them.
    """
    rows = described(quoted(table))
    rows = rows[rows["metric"] == METRIC]
    if rows.empty:
        return note("The run has no two descriptions that are to be compared.")
    networks = list(rows["backbone"].unique())
    handcrafted = rows[SECOND[2]] == HISTOGRAM
    parts = [part for part in (rows[~handcrafted], rows[handcrafted]) if not part.empty]
    groups = [_groups(part) for part in parts]
    lines = [sum(1 + len(labels) for labels in one.values()) for one in groups]
    width = max(WIDTH, 2.2 + 1.3 * len(networks))
    figure = Figure(figsize=(width, 0.7 + 0.3 * len(parts) + 0.17 * sum(lines)))
    panels = figure.subplots(
        len(parts), len(networks), sharex="row", sharey="row", squeeze=False, height_ratios=lines
    )
    colours = labeling_colours(labelings)
    for part, own_groups, across in zip(parts, groups, panels, strict=True):
        places = label_rows(across[0], own_groups)
        for network, axes in zip(networks, across, strict=True):
            _draw_scale(axes)
            for row in records(part[part["backbone"] == network]):
                draw_interval(
                    axes,
                    (row["difference"], row["low"], row["high"]),
                    places[place_of(row)] + OFFSETS[row["descriptor"]],
                    colours[row["labeling"]],
                    MARKERS[row["descriptor"]],
                    filled=row["p_holm"] <= LEVEL,
                )
    for network, axes in zip(networks, panels[0], strict=True):
        axes.set_title(readable(network), fontweight="bold")
    figure.supxlabel(
        f"difference in {METRIC} of the first {rows['k'].iloc[0]} retrieved, with 95 % interval; "
        "right of the line is better"
    )
    keys = [
        *(key(text, marker=MARKERS[name]) for name, text in DESCRIPTORS.items()),
        key(f"adjusted p ≤ {LEVEL}", marker="s"),
        key("not told apart", marker="s", markerfacecolor="white"),
    ]
    figure.legend(handles=keys, loc="outside upper center", ncols=len(keys))
    return figure


def place_of(row: Row) -> tuple[str, str]:
    """Return the heading that a contrast is shown under, and what its row is called there."""
    first, second = (tuple(row[name] for name in columns) for columns in (FIRST, SECOND))
    if second[2] == HISTOGRAM:
        return f"against {readable(second[0])}", readable(first[1])
    if second[1:] == (OFF_THE_SHELF, POOL):
        return AGAINST_SHELF, readable(first[1])
    return BETWEEN_LABELINGS, f"{readable(first[1])} vs {readable(second[1])}"


def _groups(rows: pd.DataFrame) -> Groups:
    groups: Groups = {}
    for heading, label in map(place_of, records(rows)):
        if label not in groups.setdefault(heading, []):
            groups[heading].append(label)
    return groups


def _draw_scale(axes: Axes) -> None:
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.axvline(0, color="black", linewidth=0.8, zorder=1)
    axes.locator_params(axis="x", nbins=4)
