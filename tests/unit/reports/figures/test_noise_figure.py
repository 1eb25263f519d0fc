"""The figure of accuracy against label noise."""

import numpy as np
from figure_tables import SHELF, comparison, texts

from rsir.evaluation.methods import headline_rows
from rsir.reports.figures.noise import noise_figure

LABELINGS = ("clean", "some", "more", "other")
METHODS = [("vgg16", one, of) for one in (SHELF, *LABELINGS) for of in ("pool", "output")]
LINES = {"clean, missing": {"more": 0.3, "clean": 0.0, "some": 0.1}}


def test_a_line_joins_the_means_in_the_order_of_the_rates() -> None:
    table = comparison(METHODS)
    (axes,) = noise_figure(table, LINES).axes
    rows = headline_rows(table).set_index(["labeling", "descriptor"])["accuracy"]
    assert len(axes.lines) == 2
    for line, descriptor in zip(axes.lines, ("pool", "output"), strict=True):
        assert line.get_xdata().tolist() == [0.0, 0.1, 0.3]
        expected = [rows[labeling, descriptor] for labeling in ("clean", "some", "more")]
        np.testing.assert_allclose(line.get_ydata(), expected)


def test_without_noise_the_figure_says_so() -> None:
    figure = noise_figure(comparison(METHODS), {})
    assert "No labelings of the run differ in their noise alone." in texts(figure)
