"""The figure of the thesis shows both numbers of each row."""

import numpy as np
from figure_tables import (
    LABELINGS,
    intervals,
    marks,
    table_of_thesis,
)

from rsir.reports.figures.comparison import METRICS
from rsir.reports.figures.thesis import thesis_figure


def test_the_thesis_is_joined_with_ours() -> None:
    table = table_of_thesis()
    figure = thesis_figure(table, LABELINGS)
    for axes, metric in zip(figure.axes, METRICS, strict=True):
        rows = table[table["metric"] == metric]
        values = sorted(x for _, x in marks(axes))
        assert np.allclose(values, sorted([*rows["ours"], *rows["thesis"]]))
        assert len(intervals(axes)) >= len(rows)
