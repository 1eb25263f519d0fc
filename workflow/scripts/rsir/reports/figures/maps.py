"""Maps of the descriptors in two dimensions, before and after fine-tuning."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.manifold import TSNE
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from rsir.archives.archive_table import has_scenes, label_matrix
from rsir.metrics.arrays import Floats, Ints
from rsir.reports.figures.style import (
    BLUE,
    GREEN,
    LETTER,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    WIDTH,
    halo,
    in_style,
    key,
    note,
    readable,
)

MOST_IMAGES = 2000
"""So many fit into a map; of more, this many are drawn by chance."""

FEWEST_IMAGES = 5
PERPLEXITY = 30.0

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, "#4D4D4D")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
_COLUMNS = 3


@dataclass(frozen=True)
class Groups:
    """What the images of a map are told apart by.

    Attributes
    ----------
    what
        They are, as the legend's title.
    names
        Of the groups.
    number
        (N,) the group of each image.
    named_in_map
        Whether each group's number is written where its images are.
    """

    what: str
    names: list[str]
    number: Ints
    named_in_map: bool


def chosen_images(subset: np.ndarray, seed: int = 0) -> Ints:
    """Return the rows of the test images, or of `MOST_IMAGES` of them."""
    rows = np.flatnonzero(subset == "test")
    if len(rows) <= MOST_IMAGES:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MOST_IMAGES, replace=False))


def groups_of(archive: pd.DataFrame, rows: Ints) -> Groups:
    """Group images by scene; by their number of labels where there are no scenes."""
    if has_scenes(archive):
        names, number = np.unique(archive["scene"].to_numpy(str)[rows], return_inverse=True)
        return Groups("scene", names.tolist(), number, named_in_map=True)
    counts, number = np.unique(label_matrix(archive)[rows].sum(axis=1), return_inverse=True)
    texts = [f"{count} label{'' if count == 1 else 's'}" for count in counts]
    return Groups("number of labels", texts, number, named_in_map=False)


def embed(descriptors: np.ndarray, seed: int = 0) -> Floats:
    """Place images (N, D) on a map (N, 2) by t-SNE of their cosine distances, the same each time.

    On several threads sums are taken in another order from run to run, and the map changes.
    """
    unit = normalize(descriptors)
    if np.ptp(unit, axis=0).max() == 0:
        return np.zeros((len(unit), 2))  # t-SNE divides by their spread
    tsne = TSNE(
        perplexity=min(PERPLEXITY, (len(unit) - 1) / 3),
        metric="cosine",
        init="pca",
        random_state=seed,
    )
    with threadpool_limits(1):
        places: Floats = tsne.fit_transform(unit).astype(np.float64)
    return places


@in_style
def maps_figure(descriptors: Mapping[tuple[str, str], np.ndarray], groups: Groups) -> Figure:
    """Draw a map per network and labeling, those of a network side by side.

    Parameters
    ----------
    descriptors : mapping
        The pooled features (N, D) of the images by backbone and labeling, D of their own each.
    groups : Groups
        What the images are told apart by.
    """
    if not descriptors:
        return note("The run has no network, so there are no features to map.")
    if len(groups.number) < FEWEST_IMAGES:
        return note(f"A map needs {FEWEST_IMAGES} test images or more.")
    networks = list(dict.fromkeys(network for network, _ in descriptors))
    each = len(descriptors) // len(networks)
    columns = each if len(networks) > 1 else min(each, _COLUMNS)
    lines = ceil(len(descriptors) / columns)
    side = (WIDTH - 0.3) / columns
    legend_columns = max(1, min(4, int(WIDTH / (0.45 + LETTER * max(map(len, groups.names))))))
    legend_lines = ceil(len(groups.names) / legend_columns)
    figure = Figure(figsize=(WIDTH, 0.4 + (side + 0.2) * lines + 0.17 * legend_lines))
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, ((network, labeling), values) in zip(panels, descriptors.items(), strict=False):
        _draw_map(axes, embed(values), groups)
        axes.set_title(readable(labeling))
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel(readable(network), fontweight="bold")
    for axes in panels[len(descriptors) :]:
        axes.remove()
    keys = [
        key(f"{number + 1}  {name}" if groups.named_in_map else name, **_look(number))
        for number, name in enumerate(groups.names)
    ]
    figure.legend(
        handles=keys,
        title=groups.what,
        loc="outside lower center",
        ncols=legend_columns,
        markerscale=1.5,
    )
    return figure


def _draw_map(axes: Axes, places: Floats, groups: Groups) -> None:
    """Draw the images at their places (N, 2), and the groups' numbers."""
    for number in range(len(groups.names)):
        own = places[groups.number == number]
        axes.plot(*own.T, **_look(number))
        if groups.named_in_map:
            middle = own[np.linalg.norm(own - np.median(own, axis=0), axis=1).argmin()]
            written = axes.annotate(
                str(number + 1),
                middle,
                xytext=(1.5, 1.5),
                textcoords="offset points",
                path_effects=halo(),
                zorder=4,
            )
            written.set_in_layout(False)  # else one at the edge makes its map smaller than others
    axes.margins(0.1)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal", adjustable="datalim")
    axes.spines[:].set_visible(True)


def _look(number: int) -> dict[str, Any]:
    """Return how a group is drawn: no two of the first 63 have both colour and marker in common."""
    return {
        "color": _COLOURS[number % len(_COLOURS)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "linestyle": "",
        "markersize": 3,
        "markeredgewidth": 0,
    }
