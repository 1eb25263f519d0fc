"""What all figures share: fonts, colours, markers and names, and how they are saved."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rsir.core.files import written_whole
from rsir.evaluation.methods import HISTOGRAM, OFF_THE_SHELF, POOL

WIDTH = 7.0
"""Inches of a page's text: at this width the smallest letters have 8 points."""

LETTER = 0.075
"""Inches that a letter takes, or a little less."""

STYLE: dict[Any, Any] = {
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "figure.labelsize": 8,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "xtick.major.size": 2,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
    "text.parse_math": False,  # a label may have a dollar sign
    # Letters as paths look the same where the font is not installed; the salt makes the names of
    # what is defined the same in every run.
    "svg.fonttype": "path",
    "svg.hashsalt": "rsir",
}

# Okabe and Ito's colours, which the colour-blind can tell apart.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    *("#000000", "#E69F00", "#56B4E9", "#009E73"),
    *("#F0E442", "#0072B2", "#D55E00", "#CC79A7"),
)
GREY, FAINT = "#767676", "#E4E4E4"
_OWN_COLOURS = {
    OFF_THE_SHELF: BLACK,
    "single_label": ORANGE,
    "multi_label": BLUE,
    "independent": GREEN,
    "powerset": PURPLE,
}
_FURTHER_COLOURS = (VERMILLION, SKY, "#882255", "#999933", YELLOW)

OUTPUT = "output"
MARKERS = {POOL: "o", OUTPUT: "D", HISTOGRAM: "s"}
OFFSETS = {POOL: -0.17, OUTPUT: 0.17, HISTOGRAM: 0.0}
"""Where in its row a descriptor is drawn, from the row's middle down."""

DESCRIPTORS = {POOL: "pooled features", OUTPUT: "output layer"}

_NAMES = {
    OFF_THE_SHELF: "off the shelf",
    "single_label": "single-label",
    "multi_label": "multi-label",
    "vgg16": "VGG16",
    "inception_v3": "InceptionV3",
    "resnet50": "ResNet50",
    "efficientnet_lite0": "EfficientNet-Lite0",
    "color_histogram": "color histogram",
    "lbp": "LBP",
    "bovw_sift": "BoVW of SIFT",
}

in_style = mpl.rc_context(STYLE)
"""Decorates what draws: much of a figure is settled only when it is saved."""


def labeling_colours(labelings: Sequence[str]) -> dict[str, str]:
    """Return the colour of each labeling, the same in every figure.

    Parameters
    ----------
    labelings : sequence of str
        The names of all labelings that there are, whether or not the run has them: those without a
        colour of their own get further ones in this order.
    """
    others = [name for name in labelings if name not in _OWN_COLOURS]
    return _OWN_COLOURS | dict(zip(others, cycle(_FURTHER_COLOURS), strict=False))


def readable(name: str) -> str:
    """Return how a backbone or labeling is called in a figure."""
    return _NAMES.get(name, name)


def label_rows(axes: Axes, groups: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], float]:
    """Lay out rows from the top down, each group of them below its heading.

    Returns
    -------
    dict
        The place on the vertical axis of each row, by its heading and its own label.
    """
    places: dict[tuple[str, str], float] = {}
    headings: list[int] = []
    texts: list[str] = []
    for heading, labels in groups.items():
        headings.append(len(texts))
        texts.append(heading)
        for label in labels:
            places[heading, label] = len(texts)
            texts.append(label)
    axes.set_yticks(range(len(texts)), texts)
    axes.set_ylim(len(texts) - 0.4, -0.6)
    for place in headings:
        axes.get_yticklabels()[place].set_fontweight("bold")
    return places


def draw_interval(
    axes: Axes,
    value: tuple[float, float, float],
    place: float,
    colour: str,
    marker: str,
    filled: bool = True,
) -> None:
    """Draw a mean and its interval (mean, low, high) at a place on the vertical axis."""
    mean, low, high = value
    axes.plot([low, high], [place, place], color=colour, linewidth=1, zorder=2)
    inside = colour if filled else "white"
    axes.plot([mean], [place], marker, color=colour, markerfacecolor=inside, markersize=3, zorder=3)


def halo() -> list[patheffects.AbstractPathEffect]:
    """Return what sets letters and lines off from what is below them."""
    return [patheffects.withStroke(linewidth=2, foreground="white")]


def key(text: str, **properties: Any) -> Line2D:
    """Return an entry of a legend; without a colour it is grey, for it stands for any."""
    return Line2D([], [], label=text, **{"color": GREY, "linestyle": "", **properties})


@in_style
def note(text: str) -> Figure:
    """Return a figure that says in one line why there is nothing to see."""
    figure = Figure(figsize=(WIDTH, 0.6))
    figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure


@in_style
def save(figure: Figure, *paths: Path) -> None:
    """Save a figure to files of the formats that their endings name, the same bytes each time."""
    for path in paths:
        metadata = {"Date": None} if path.suffix == ".svg" else None
        with written_whole(path) as partial:
            figure.savefig(partial, metadata=metadata)
