"""Curves over cutoffs agree with the scores at each cutoff."""

import numpy as np
import pandas as pd
import pytest
from figure_tables import (
    LABELINGS,
    SHELF,
    archive,
    curves_of,
    rankings,
)

from rsir.archives.archive_table import label_names
from rsir.evaluation.bounds import BOUNDS
from rsir.evaluation.methods import NAME
from rsir.evaluation.scores import bound_scores, query_scores, with_meaning
from rsir.reports.figures.comparison import METRICS
from rsir.reports.figures.cutoffs import bound_curve_rows, curve_rows, cutoffs_figure
from rsir.reports.figures.style import labeling_colours
from rsir.search.protocol import Search


def test_the_curves_agree_with_the_tables_at_each_cutoff() -> None:
    table = archive()
    search = Search(np.arange(len(table)), np.arange(len(table)))
    ranked = rankings(len(table), 0)
    rows = [
        curve_rows(table, search, ranked, "vgg16", "multi_label"),
        bound_curve_rows(table, search, [3, 4]),
    ]
    scores = pd.concat(
        [
            query_scores(table, search, ranked, [3, 4], "vgg16", "multi_label", 0),
            bound_scores(table, search, [3, 4]),
        ]
    )
    scores = scores[scores["query"] == "excluded"]
    means = scores.groupby([*NAME, "k"])[list(METRICS)].mean()
    curves = pd.concat(rows).set_index([*NAME, "k"])[list(METRICS)]
    assert np.allclose(curves.loc[means.index], means)
    assert len(means) == 2 * 5


def test_the_curves_are_means_over_seeds_of_the_same_search() -> None:
    rows = curves_of(archive())
    figure = cutoffs_figure(rows, 4, LABELINGS)
    colour = labeling_colours(LABELINGS)["multi_label"]
    (solid,) = (
        line
        for line in figure.axes[0].lines
        if line.get_color() == colour and line.get_linestyle() == "-"
    )
    of_pool = rows[(rows["labeling"] == "multi_label") & (rows["descriptor"] == "pool")]
    assert np.allclose(solid.get_ydata(), of_pool.groupby("k")["accuracy"].mean())
    assert list(solid.get_xdata()) == list(range(1, 16))  # 16 are ranked, one of which is the query


def test_queries_outside_the_database_lose_no_image() -> None:
    table = archive()
    search = Search(np.arange(6), np.arange(6, 18))
    ranked = {"pool": np.tile(np.arange(12), (6, 1))}
    rows = curve_rows(table, search, ranked, "vgg16", SHELF)
    assert rows["k"].max() == 12
    scores = query_scores(table, search, ranked, [12], "vgg16", SHELF, None)
    assert np.allclose(rows.iloc[-1][list(METRICS)].astype(float), scores[list(METRICS)].mean())


@pytest.mark.parametrize("scenes", [("port", "farm", "city"), ("", "", "")])
def test_there_is_a_scene_oracle_where_there_are_scenes(scenes) -> None:
    figure = cutoffs_figure(curves_of(archive(scenes)), 4, LABELINGS)
    names = {text.get_text() for text in figure.axes[0].texts}
    assert names == set(BOUNDS if any(scenes) else ("random", "label oracle"))


def test_there_is_no_panel_of_a_metric_that_means_nothing() -> None:
    table = archive()
    labels = label_names(table)
    table[labels] = np.eye(len(labels), dtype=int)[np.arange(len(table)) % len(labels)]
    for rows, titles in (
        (with_meaning(curves_of(table), table), ["accuracy", "precision"]),
        (with_meaning(curves_of(archive()), archive()), ["accuracy", "precision", "recall"]),
    ):
        figure = cutoffs_figure(rows, 4, LABELINGS)
        assert [axes.get_title() for axes in figure.axes if axes.get_title()] == titles
