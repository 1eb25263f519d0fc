"""The heat map of scenes shows the means of its table."""

import numpy as np
from figure_tables import (
    ODD,
    SHELF,
    by_scene,
    methods,
)
from matplotlib import colormaps

from rsir.evaluation.methods import NAME, headline_rows
from rsir.reports.figures.scenes import scenes_figure


def test_the_scenes_are_sorted_and_their_cells_are_the_means() -> None:
    table = by_scene(ODD)
    figure = scenes_figure(table)
    rows = headline_rows(table)
    without_bounds = rows[rows["labeling"] != ""]
    scenes = without_bounds.groupby("scene")["accuracy"].mean().sort_values(ascending=False).index
    labels_below = [text.get_text() for text in figure.axes[-1].get_xticklabels()]
    assert labels_below == list(scenes)
    values = np.concatenate([axes.collections[0].get_array() for axes in figure.axes])
    expected = rows.pivot_table("accuracy", NAME, "scene", sort=False)[scenes]
    assert np.allclose(np.sort(values, axis=0), np.sort(expected.to_numpy(), axis=0))
    for axes in figure.axes:
        percentages = [int(text.get_text()) for text in axes.texts]
        assert np.allclose(percentages, 100 * axes.collections[0].get_array().ravel(), atol=0.51)
    # Pooled features come first, though files name them second.
    shuffled = scenes_figure(by_scene(ODD, sorted(methods(), key=lambda one: one[2] == "pool")))
    for one_figure in (figure, shuffled):
        labels = [text.get_text() for text in one_figure.axes[0].get_yticklabels()]
        assert labels[:3] == ["off the shelf, pool", "off the shelf, output", "single-label, pool"]
    first = figure.axes[0].collections[0].get_array()[0]
    of_first = rows[(rows[NAME] == ["vgg16", SHELF, "pool"]).all(axis=1)]
    assert np.allclose(first, of_first.set_index("scene")["accuracy"][scenes])


def test_a_number_can_be_read_in_each_cell_of_a_scene() -> None:
    figure = scenes_figure(by_scene(["port", "farm"]))
    cells = figure.axes[0].collections[0]
    shades = colormaps[cells.get_cmap().name](cells.norm(np.linspace(0, 1, 101)))[:, :3]
    linear = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert ((luminance + 0.05) / 0.05).min() >= 4.5  # against black, as required by the WCAG
    assert {text.get_color() for text in figure.axes[0].texts} == {"black"}
