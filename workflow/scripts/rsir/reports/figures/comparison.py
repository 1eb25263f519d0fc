"""Every method by its mean scores, between the floor and the ceilings."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rsir.evaluation.bounds import BOUNDS
from rsir.evaluation.methods import HISTOGRAM, METHOD
from rsir.reports.figures.rows import bounds_of, described, place_of, quoted, records
from rsir.reports.figures.style import (
    DESCRIPTORS,
    FAINT,
    GREY,
    MARKERS,
    OFFSETS,
    WIDTH,
    draw_interval,
    in_style,
    key,
    label_rows,
    labeling_colours,
    note,
)

METRICS = ("accuracy", "precision", "recall")


@in_style
def comparison_figure(table: pd.DataFrame, labelings: Sequence[str]) -> Figure:
    """Draw a panel per metric with a row per backbone and labeling, under the quoted protocol.

    Parameters
    ----------
    table : DataFrame
        As `rsir.evaluation.comparison.comparison` returns it.
    labelings : sequence of str
        All that have a colour, as `labeling_colours` takes them.
    """
    rows = quoted(table)
    methods, bounds = described(rows), bounds_of(rows)
    if methods.empty:
        return note("The run describes no images, so there is nothing to compare.")
    groups: dict[str, list[str]] = {}
    for method in methods[METHOD[:3]].itertuples(index=False):
        heading, label = place_of(*method)
        if label not in groups.setdefault(heading, []):
            groups[heading].append(label)
    lines = sum(1 + len(labels) for labels in groups.values())
    figure = Figure(figsize=(WIDTH, 1.4 + 0.19 * lines))
    panels = figure.subplots(1, len(METRICS), sharex=True, sharey=True)
    places = label_rows(panels[0], groups)
    colours = labeling_colours(labelings)
    for axes, metric in zip(panels, METRICS, strict=True):
        axes.set_title(metric, pad=34)
        axes.grid(axis="x", color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        for row in records(methods):
            descriptor = row["descriptor"]
            draw_interval(
                axes,
                (row[metric], row[f"{metric}_low"], row[f"{metric}_high"]),
                places[place_of(row["backbone"], row["labeling"], descriptor)]
                + OFFSETS[descriptor],
                GREY if descriptor == HISTOGRAM else colours[row["labeling"]],
                MARKERS[descriptor],
            )
        for row in records(bounds):
            _draw_bound(axes, row["backbone"], row[metric])
    facts = rows.iloc[0]
    figure.supxlabel(f"mean over {facts['queries']} queries, first {facts['k']} retrieved")
    keys = [key(text, marker=MARKERS[name]) for name, text in DESCRIPTORS.items()]
    keys.append(key("95 % interval", linestyle="-", linewidth=1))
    figure.legend(handles=keys, loc="outside upper center", ncols=len(keys))
    return figure


def _draw_bound(axes: Axes, bound: str, value: float) -> None:
    """Draw a bound as a line with its name above it, each at a height of its own."""
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
