"""The figure of the comparison shows the means and intervals of its table."""

import numpy as np
import pytest
from figure_tables import (
    LABELINGS,
    comparison,
    intervals,
    marks,
    methods,
    rows_of,
)

from rsir.evaluation.methods import headline_rows
from rsir.reports.figures.comparison import METRICS, comparison_figure
from rsir.reports.figures.panels import OFFSETS
from rsir.reports.figures.rows import place_of
from rsir.reports.figures.style import labeling_colours


@pytest.mark.parametrize(
    "of",
    [
        methods(),
        methods(["resnet50"], [], []),
        methods([], [], ["lbp"]),
        methods(bounds=("random", "label oracle")),
        methods(["mine_$x"], ["own"], []),
    ],
    ids=["all", "one backbone", "no network", "no scenes", "own names"],
)
def test_the_comparison_shows_each_mean_and_interval_in_its_row(of) -> None:
    table = comparison(of)
    figure = comparison_figure(table, [*LABELINGS, "own"])
    colours = labeling_colours([*LABELINGS, "own"])
    places = rows_of(figure.axes[0])
    bounds = {name for name, labeling, _ in of if not labeling}
    for axes, metric in zip(figure.axes, METRICS, strict=True):
        assert axes.get_title() == metric
        expected_marks, expected_intervals = {}, set()
        for row in headline_rows(table).to_dict("records"):
            if row["backbone"] in bounds:
                continue
            name = row["backbone"], row["labeling"], row["descriptor"]
            place = round(places[place_of(*name)] + OFFSETS[name[2]], 2)
            colour = "#767676" if name[2] == "histogram" else colours[name[1]].upper()
            expected_marks[place, round(row[metric], 9)] = colour, True
            ends = np.round([row[f"{metric}_low"], row[f"{metric}_high"]], 9)
            expected_intervals.add((place, *ends))
        assert marks(axes) == expected_marks
        assert intervals(axes) == expected_intervals
        assert bounds == {text.get_text() for text in axes.texts}
        rows = headline_rows(table).set_index("backbone")
        for text in axes.texts:
            assert text.xy[0] == rows.loc[text.get_text(), metric]
