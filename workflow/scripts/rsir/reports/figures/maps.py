"""Maps of the descriptors in two dimensions, before and after fine-tuning."""

from collections import Counter
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
from rsir.reports.figures.panels import halo, key
from rsir.reports.figures.style import (
    BLUE,
    GREEN,
    LETTER,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    WIDTH,
    in_style,
    note,
    readable,
)

MOST_IMAGES = 2000
"""The most images in a map; of more, a random sample of this size is drawn."""

FEWEST_IMAGES = 5
PERPLEXITY = 30.0

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, "#4D4D4D")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
_COLUMNS = 3


@dataclass(frozen=True)
class Groups:
    """The groups of images that a map distinguishes.

    Attributes
    ----------
    title
        Title of the legend.
    names
        Names of the groups.
    number
        (N,) the group of each image.
    named_in_map
        Whether each group's number is written at its images.
    """

    title: str
    names: list[str]
    number: Ints
    named_in_map: bool


def chosen_images(subset: np.ndarray, seed: int = 0) -> Ints:
    """Return the rows of the test images, or of a sample of `MOST_IMAGES` of them."""
    rows = np.flatnonzero(subset == "test")
    if len(rows) <= MOST_IMAGES:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MOST_IMAGES, replace=False))


def groups_of(archive: pd.DataFrame, rows: Ints) -> Groups:
    """Group images by scene, or by their number of labels in an archive without scenes."""
    if has_scenes(archive):
        names, number = np.unique(archive["scene"].to_numpy(str)[rows], return_inverse=True)
        return Groups("scene", names.tolist(), number, named_in_map=True)
    counts, number = np.unique(label_matrix(archive)[rows].sum(axis=1), return_inverse=True)
    texts = [f"{count} label{'' if count == 1 else 's'}" for count in counts]
    return Groups("number of labels", texts, number, named_in_map=False)


def embed(descriptors: np.ndarray, seed: int = 0) -> Floats:
    """Embed images (N, D) in a map (N, 2) by t-SNE of their cosine distances, reproducibly.

    A single thread is used: on several, the order of summation varies, and the map with it.
    """
    unit = normalize(descriptors)
    if np.ptp(unit, axis=0).max() == 0:
        return np.zeros((len(unit), 2))  # t-SNE divides by the range
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
    """Draw a map per network and labeling, a row of maps per network.

    Parameters
    ----------
    descriptors : mapping
        The pooled features (N, D) of the images by backbone and labeling; D may differ.
    groups : Groups
        The groups of the images.
    """
    if not descriptors:
        return note("The run has no network, so there are no features to map.")
    if len(groups.number) < FEWEST_IMAGES:
        return note(f"A map needs {FEWEST_IMAGES} test images or more.")
    maps = Counter(network for network, _ in descriptors)
    columns = max(maps.values()) if len(maps) > 1 else min(len(descriptors), _COLUMNS)
    lines = sum(ceil(number / columns) for number in maps.values())
    side = (WIDTH - 0.3) / columns
    legend_columns = max(1, min(4, int(WIDTH / (0.45 + LETTER * max(map(len, groups.names))))))
    legend_lines = ceil(len(groups.names) / legend_columns)
    figure = Figure(figsize=(WIDTH, 0.4 + (side + 0.2) * lines + 0.17 * legend_lines))
    panels = iter(figure.subplots(lines, columns, squeeze=False).ravel())
    for network, number in maps.items():
        of_network = [pair for pair in descriptors if pair[0] == network]
        for place in range(ceil(number / columns) * columns):
            axes = next(panels)
            if place >= number:
                axes.remove()
                continue
            _draw_map(axes, embed(descriptors[of_network[place]]), groups)
            axes.set_title(readable(of_network[place][1]))
            if axes.get_subplotspec().is_first_col():
                axes.set_ylabel(readable(network), fontweight="bold")
    keys = [
        key(f"{number + 1}  {name}" if groups.named_in_map else name, **_look(number))
        for number, name in enumerate(groups.names)
    ]
    figure.legend(
        handles=keys,
        title=groups.title,
        loc="outside lower center",
        ncols=legend_columns,
        markerscale=1.5,
    )
    return figure


def _draw_map(axes: Axes, places: Floats, groups: Groups) -> None:
    """Draw the images at their places (N, 2), and the numbers of the groups."""
    for number in range(len(groups.names)):
        of_group = places[groups.number == number]
        axes.plot(*of_group.T, **_look(number))
        if groups.named_in_map:
            distances = np.linalg.norm(of_group - np.median(of_group, axis=0), axis=1)
            label = axes.annotate(
                str(number + 1),
                of_group[distances.argmin()],
                xytext=(1.5, 1.5),
                textcoords="offset points",
                path_effects=halo(),
                zorder=4,
            )
            label.set_in_layout(False)  # at an edge it would make its map smaller than the others
    axes.margins(0.1)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal", adjustable="datalim")
    axes.spines[:].set_visible(True)


def _look(number: int) -> dict[str, Any]:
    """Return the style of a group; the first 63 differ in colour or marker."""
    return {
        "color": _COLOURS[number % len(_COLOURS)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "linestyle": "",
        "markersize": 3,
        "markeredgewidth": 0,
    }
