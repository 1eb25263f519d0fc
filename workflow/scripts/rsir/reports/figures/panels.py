"""The parts of panels: grid lines, rows of methods with their intervals, legends."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rsir.evaluation.methods import EMBEDDING, HISTOGRAM, OUTPUT, POOL, PROJECTION, Method
from rsir.reports.figures.rows import Place, count_lines
from rsir.reports.figures.style import (
    DESCRIPTORS,
    FAINT,
    GREY,
    LETTER,
    WIDTH,
    labeling_colour,
)

OFFSETS = {POOL: -0.17, OUTPUT: 0.17, PROJECTION: 0.17, EMBEDDING: 0.0, HISTOGRAM: 0.0}
"""Vertical offset of a descriptor from the middle of its row, downwards."""

_MARKERS = {POOL: "o", OUTPUT: "D", PROJECTION: "^", EMBEDDING: "v", HISTOGRAM: "s"}
_DERIVED = "p"
"""The marker of derived descriptors and ensembles, which have rows of their own."""

_KEY_INCHES = 0.45
"""Approximate width of an entry of a legend, in inches, without its text."""

Value = tuple[float, float, float]
"""A mean and the limits of its interval: mean, low, high."""


def metric_panels(
    metrics: Sequence[str], groups: Mapping[str, Sequence[str]], margin: float, pad: float
) -> tuple[Figure, dict[str, Axes], dict[Place, float]]:
    """Return a figure with a panel per metric, the panels, and the height of each row in them.

    `margin` is the height in inches of all but the rows, `pad` the distance in points of the
    metric's name from its panel.
    """
    figure = Figure(figsize=(WIDTH, margin + 0.19 * count_lines(groups)))
    panels = figure.subplots(1, len(metrics), sharex=True, sharey=True)
    heights = label_rows(panels[0], groups)
    for axes, metric in zip(panels, metrics, strict=True):
        axes.set_title(metric, pad=pad)
        draw_grid(axes, "x")
    return figure, dict(zip(metrics, panels, strict=True)), heights


def label_rows(axes: Axes, groups: Mapping[str, Sequence[str]]) -> dict[Place, float]:
    """Label rows from top to bottom, each group below its heading, and return their heights."""
    heights: dict[Place, float] = {}
    headings: list[int] = []
    texts: list[str] = []
    for heading, labels in groups.items():
        headings.append(len(texts))
        texts.append(heading)
        for label in labels:
            heights[heading, label] = len(texts)
            texts.append(label)
    axes.set_yticks(range(len(texts)), texts)
    axes.set_ylim(len(texts) - 0.4, -0.6)
    for place in headings:
        axes.get_yticklabels()[place].set_fontweight("bold")
    return heights


def draw_method(
    axes: Axes,
    method: Method,
    value: Value,
    height: float,
    colours: Mapping[str, str],
    filled: bool = True,
) -> None:
    """Draw the value of a method in its row: colours are by labeling, markers by descriptor."""
    _, labeling, descriptor = method
    colour = GREY if descriptor == HISTOGRAM else labeling_colour(colours, labeling)
    height += OFFSETS.get(descriptor, 0)
    draw_interval(axes, value, height, colour, _MARKERS.get(descriptor, _DERIVED), filled)


def draw_interval(
    axes: Axes, value: Value, height: float, colour: str, marker: str, filled: bool = True
) -> None:
    """Draw a mean and its interval at a height of the vertical axis."""
    mean, low, high = value
    axes.plot([low, high], [height, height], color=colour, linewidth=1, zorder=2)
    inside = colour if filled else "white"
    axes.plot(
        [mean], [height], marker, color=colour, markerfacecolor=inside, markersize=3, zorder=3
    )


def descriptor_keys(drawn: Collection[str]) -> list[Line2D]:
    """Return the legend entries of those descriptors of networks that are drawn."""
    keys = [key(text, marker=_MARKERS[name]) for name, text in DESCRIPTORS.items() if name in drawn]
    if any(name not in _MARKERS for name in drawn):
        keys.append(key("derived", marker=_DERIVED))
    return keys


def draw_grid(axes: Axes, axis: Literal["both", "x"] = "both") -> None:
    """Draw faint grid lines below everything else."""
    axes.grid(axis=axis, color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)


def halo() -> list[patheffects.AbstractPathEffect]:
    """Return a white outline, which separates text from lines below it."""
    return [patheffects.withStroke(linewidth=2, foreground="white")]


def key(text: str, **properties: Any) -> Line2D:
    """Return an entry of a legend, grey by default."""
    return Line2D([], [], label=text, **{"color": GREY, "linestyle": "", **properties})


def add_legend(figure: Figure, keys: Sequence[Line2D], columns: int | None = None) -> None:
    """Put a legend above the panels, by default in one line, or two if it is too wide."""
    width = sum(_KEY_INCHES + LETTER * len(str(one.get_label())) for one in keys)
    lines = 1 if width <= figure.get_figwidth() else 2
    columns = columns or math.ceil(len(keys) / lines)
    figure.legend(handles=keys, loc="outside upper center", ncols=columns)
