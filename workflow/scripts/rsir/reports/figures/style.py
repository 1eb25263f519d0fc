"""The style of all figures: fonts, colours, names, legends, and how they are saved."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from rsir.core.files import written_whole
from rsir.evaluation.methods import (
    EMBEDDING,
    ENSEMBLE,
    FROM,
    INDEPENDENT,
    MULTI_LABEL,
    OFF_THE_SHELF,
    OUTPUT,
    POOL,
    POWERSET,
    PROJECTION,
    SINGLE_LABEL,
    transferred_labeling,
)

WIDTH = 7.0
"""Width of a figure in inches: that of a page's text, so that letters are printed at 8 points."""

LETTER = 0.075
"""Approximate width of a letter in inches."""

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
    "text.parse_math": False,  # a label may contain a dollar sign
    # Paths render the same without the font installed; the salt makes ids the same in every run.
    "svg.fonttype": "path",
    "svg.hashsalt": "rsir",
}

# The palette of Okabe and Ito, which is distinguishable with colour vision deficiency.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    *("#000000", "#E69F00", "#56B4E9", "#009E73"),
    *("#F0E442", "#0072B2", "#D55E00", "#CC79A7"),
)
GREY, FAINT = "#767676", "#E4E4E4"
_FIXED_COLOURS = {
    OFF_THE_SHELF: BLACK,
    SINGLE_LABEL: ORANGE,
    MULTI_LABEL: BLUE,
    INDEPENDENT: GREEN,
    POWERSET: PURPLE,
    ENSEMBLE: "#44AA99",
}
_FURTHER_COLOURS = (VERMILLION, SKY, "#882255", "#999933", YELLOW)

DESCRIPTORS = {
    POOL: "pooled features",
    OUTPUT: "output layer",
    PROJECTION: "projection",
    EMBEDDING: "embedding",
}

_NAMES = {
    OFF_THE_SHELF: "off the shelf",
    SINGLE_LABEL: "single-label",
    MULTI_LABEL: "multi-label",
    "vgg16": "VGG16",
    "inception_v3": "InceptionV3",
    "resnet50": "ResNet50",
    "efficientnet_lite0": "EfficientNet-Lite0",
    "color_histogram": "color histogram",
    "lbp": "LBP",
    "bovw_sift": "BoVW of SIFT",
}

in_style = mpl.rc_context(STYLE)
"""Decorator of all functions that draw or save: parts of the style apply only on saving."""


def labeling_colours(labelings: Sequence[str]) -> dict[str, str]:
    """Return the colour of each labeling, the same in every figure.

    Parameters
    ----------
    labelings : sequence of str
        All configured labelings, in the run or not. Those without a fixed colour get the further
        colours in this order.
    """
    others = [name for name in labelings if name not in _FIXED_COLOURS]
    return _FIXED_COLOURS | dict(zip(others, cycle(_FURTHER_COLOURS), strict=False))


def labeling_colour(colours: Mapping[str, str], labeling: str) -> str:
    """Return the colour of a labeling, for a transferred model that of the labeling alone."""
    return colours[labeling if labeling in colours else transferred_labeling(labeling)]


def readable(name: str) -> str:
    """Return the name of a backbone or labeling in figures."""
    labeling, separator, archive = name.rpartition(FROM)
    if labeling:
        return f"{_NAMES.get(labeling, labeling)}{separator}{archive}"
    return _NAMES.get(name, name)


@in_style
def note(text: str) -> Figure:
    """Return a figure without panels that states in one line why it is empty."""
    figure = Figure(figsize=(WIDTH, 0.6))
    figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure


@in_style
def save(figure: Figure, *paths: Path) -> None:
    """Save a figure to files, in the formats of their suffixes, reproducible byte for byte."""
    for path in paths:
        metadata = {"Date": None} if path.suffix == ".svg" else None
        with written_whole(path) as partial:
            figure.savefig(partial, metadata=metadata)
