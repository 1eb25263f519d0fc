"""The accuracy of every method for every scene class: a heat map."""

from typing import cast

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from rsir.evaluation.methods import NAME, POOL, headline_rows
from rsir.reports.figures.rows import place_of, without_bounds
from rsir.reports.figures.style import DESCRIPTORS, LETTER, WIDTH, in_style, note
from rsir.reports.phrases import METRIC

_SHADES = colormaps["Blues"]
_SCALE = Normalize(0, 1.4)  # black numbers are not legible on darker shades than that of 1


@in_style
def scenes_figure(table: pd.DataFrame) -> Figure:
    """Draw a row per method and a column per scene, the best scene first, of the headline rows.

    Parameters
    ----------
    table : DataFrame
        As `rsir.evaluation.by_scene.by_scene` returns it; empty for an archive without scenes.
    """
    rows = headline_rows(table)
    if without_bounds(rows).empty:
        return note("No scores by scene: the archive has no scenes, or the run no descriptors.")
    # Pooled features come first, in any order of the table.
    numbers = rows.groupby(NAME[:2], sort=False).ngroup()
    rows = rows.iloc[np.lexsort((rows["descriptor"] != POOL, numbers))]
    means = without_bounds(rows).groupby("scene", sort=False)[METRIC].mean()
    scenes = means.sort_values(ascending=False, kind="stable").index
    groups: dict[str, dict[str, pd.Series[float]]] = {}
    for method, of_method in rows.groupby(NAME, sort=False):
        backbone, labeling, descriptor = map(str, cast("tuple[str, ...]", method))
        heading, label = place_of(backbone, labeling, descriptor)
        if descriptor in DESCRIPTORS:
            label = f"{label}, {descriptor}"
        groups.setdefault(heading, {})[label] = of_method.set_index("scene")[METRIC][scenes]
    lines = [len(labels) for labels in groups.values()]
    width = max(WIDTH, 2.0 + 0.25 * len(scenes))
    names = LETTER * max(map(len, scenes))
    figure = Figure(figsize=(width, 0.3 + names + 0.2 * len(groups) + 0.17 * sum(lines)))
    panels = figure.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=lines)[:, 0]
    for axes, (heading, of_heading) in zip(panels, groups.items(), strict=True):
        axes.set_title(heading, loc="left", fontweight="bold")
        _draw_cells(axes, pd.DataFrame(of_heading).T)
    panels[-1].set_xticks(range(len(scenes)), scenes, rotation=90)
    figure.supxlabel(f"scene; the numbers are {METRIC} in %, first {rows['k'].iloc[0]} retrieved")
    return figure


def _draw_cells(axes: Axes, values: pd.DataFrame) -> None:
    """Draw a cell per value (methods × scenes) with its percentage."""
    cells = values.to_numpy(float)
    edges = (np.arange(size + 1) - 0.5 for size in reversed(cells.shape))
    axes.pcolormesh(*edges, cells, cmap=_SHADES, norm=_SCALE, edgecolors="white", linewidth=0.5)
    for (row, column), value in np.ndenumerate(cells):
        axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center_baseline")
    axes.set_yticks(range(len(values)), list(values.index))
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
