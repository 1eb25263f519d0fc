"""The scores against the number of images retrieved."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rsir.evaluation.bounds import BOUNDS, repeated_rankings
from rsir.evaluation.methods import (
    EMBEDDING,
    HISTOGRAM,
    NAME,
    OUTPUT,
    POOL,
    PROJECTION,
    Method,
    transferred_labeling,
)
from rsir.metrics.arrays import Bools, Floats, Ints, blocks_of_queries
from rsir.metrics.label_pairs import accuracy, precision, recall
from rsir.reports.figures.panels import add_legend, draw_grid, halo, key
from rsir.reports.figures.rows import bounds_of, place_of, without_bounds
from rsir.reports.figures.style import (
    DESCRIPTORS,
    GREY,
    WIDTH,
    in_style,
    labeling_colour,
    labeling_colours,
    note,
    readable,
)
from rsir.search.protocol import Rankings, Search, headline_condition

PAIR_METRICS = {"accuracy": accuracy, "precision": precision, "recall": recall}
KEY = [*NAME, "k"]

_DASHES = ("-", "--", "-.", ":")  # of handcrafted baselines
_STYLES = {POOL: "-", OUTPUT: "--", PROJECTION: ":", EMBEDDING: "-."}


def mean_curves(ranked: Ints, query_labels: Bools, database_labels: Bools) -> dict[str, Floats]:
    """Return the mean of each of PAIR_METRICS over the first 1, 2, … images of the rankings.

    Parameters
    ----------
    ranked, query_labels, database_labels
        As for `rsir.evaluation.by_label.label_scores`.

    Returns
    -------
    dict
        For each metric (depth,): the values of `rsir.metrics.scoring.score_rankings` at each
        cutoff, averaged over queries.
    """
    queries, depth = ranked.shape
    totals = {metric: np.zeros(depth) for metric in PAIR_METRICS}
    for block in blocks_of_queries(queries, depth * query_labels.shape[1]):
        of_queries, of_hits = query_labels[block, None], database_labels[ranked[block]]
        sizes = of_queries.sum(axis=2), of_hits.sum(axis=2)
        overlap = (of_queries & of_hits).sum(axis=2)
        for metric, of_pair in PAIR_METRICS.items():
            totals[metric] += of_pair(overlap, *sizes).sum(axis=0)
    counted = queries * np.arange(1, depth + 1)
    return {metric: np.cumsum(total) / counted for metric, total in totals.items()}


def curve_rows(
    archive: pd.DataFrame,
    search: Search,
    rankings: Mapping[str, Rankings],
    backbone: str,
    labeling: str,
) -> pd.DataFrame:
    """Return the `mean_curves` of a model, query excluded: a row per descriptor and cutoff."""
    query_labels, database_labels, _, _ = search.labels_and_scenes(archive)
    tables = []
    headline = headline_condition(search)
    for descriptor, positions in rankings.items():
        curves = mean_curves(headline.of(positions), query_labels, database_labels)
        tables.append(_table((backbone, labeling, descriptor), curves))
    return pd.concat(tables, ignore_index=True)


def bound_curve_rows(archive: pd.DataFrame, search: Search, cutoffs: Sequence[int]) -> pd.DataFrame:
    """Return the `mean_curves` of the bounds, in rows like those of `curve_rows`."""
    labels_and_scenes = search.labels_and_scenes(archive)
    query_labels, database_labels, _, _ = labels_and_scenes
    tables = []
    for bound, _, queries, ranked, _, _ in repeated_rankings(
        [headline_condition(search)], cutoffs, *labels_and_scenes, search.own_rows
    ):
        curves = mean_curves(ranked, query_labels[queries], database_labels)
        tables.append(_table((bound, "", ""), curves))
    return pd.concat(tables, ignore_index=True)


@in_style
def cutoffs_figure(rows: pd.DataFrame, cutoff: int, labelings: Sequence[str]) -> Figure:
    """Draw a row of panels per network and a column per metric, averaged over seeds.

    Parameters
    ----------
    rows : DataFrame
        Rows of `curve_rows` of every model, and of `bound_curve_rows`. A metric without values
        has no panel.
    cutoff : int
        The first cutoff, at which the tables are quoted; it is marked.
    labelings : sequence of str
        As for `rsir.reports.figures.style.labeling_colours`.
    """
    means = rows.groupby(KEY, sort=False)[list(PAIR_METRICS)].mean().reset_index()
    methods = without_bounds(means)
    if methods.empty:
        return note("The run computes no descriptors, so there is nothing to plot.")
    metrics = [metric for metric in PAIR_METRICS if methods[metric].notna().any()]
    networks = methods.loc[methods["descriptor"] != HISTOGRAM, "backbone"].unique().tolist()
    looks = _looks(methods, labeling_colours(labelings))
    lines = max(1, len(networks))
    figure = Figure(figsize=(WIDTH, 1.0 + 1.75 * lines))
    panels = figure.subplots(lines, len(metrics), sharex=True, sharey=True, squeeze=False)
    for network, across in zip(networks or [""], panels, strict=True):
        in_panel = (methods["backbone"] == network) | (methods["descriptor"] == HISTOGRAM)
        across[0].set_ylabel(readable(network), fontweight="bold")
        for axes, metric in zip(across, metrics, strict=True):
            draw_grid(axes)
            axes.axvline(cutoff, color=GREY, linewidth=0.6)
            for method, curve in methods[in_panel].groupby(NAME, sort=False):
                axes.plot(curve["k"], curve[metric], **looks[method])
            _draw_bounds(axes, bounds_of(means), metric)
    for axes, metric in zip(panels[0], metrics, strict=True):
        axes.set_title(metric)
    panels[0, 0].margins(y=0.12)
    panels[0, 0].set_xlim(1, means["k"].max())
    figure.supxlabel(f"retrieved images; vertical line: first cutoff of the tables, {cutoff}")
    add_legend(figure, _keys(looks), columns=5)
    return figure


def _looks(methods: pd.DataFrame, colours: Mapping[str, str]) -> dict[Method, dict[str, Any]]:
    """Return the style of each method's line."""
    looks: dict[Method, dict[str, Any]] = {}
    dashes = cycle(_DASHES)
    for backbone, labeling, descriptor in methods[NAME].drop_duplicates().to_numpy():
        if descriptor == HISTOGRAM:
            look = {"color": GREY, "linestyle": next(dashes), "linewidth": 1}
        else:
            colour = labeling_colour(colours, labeling)
            width = 0.6 if transferred_labeling(labeling) else 1.2
            look = {"color": colour, "linestyle": _STYLES[descriptor], "linewidth": width}
        looks[backbone, labeling, descriptor] = look
    return looks


def _draw_bounds(axes: Axes, bounds: pd.DataFrame, metric: str) -> None:
    """Draw the bounds, each with its name at its line."""
    for bound, curve in bounds.groupby("backbone", sort=False):
        axes.plot(curve["k"], curve[metric], color=GREY, linewidth=1.2, linestyle=":")
        below = bound == BOUNDS[1]  # it is the lowest at the last cutoff, not at the first
        axes.annotate(
            str(bound),
            curve[["k", metric]].to_numpy(float)[-1 if below else 0],
            xytext=(-2, -2) if below else (2, 2),
            textcoords="offset points",
            ha="right" if below else "left",
            va="top" if below else "bottom",
            color=GREY,
            path_effects=halo(),
        )


def _keys(looks: Mapping[Method, dict[str, Any]]) -> list[Line2D]:
    """Return the legend entries of labelings, handcrafted baselines and descriptors."""
    entries: dict[str, dict[str, Any]] = {}
    for method, look in looks.items():
        _, name = place_of(*method)
        solid = {} if method[2] == HISTOGRAM else {"linestyle": "-"}
        entries.setdefault(name, look | solid)
    if any(descriptor != HISTOGRAM for _, _, descriptor in looks):
        drawn = {descriptor for _, _, descriptor in looks}
        for descriptor, linestyle in _STYLES.items():
            if descriptor in drawn:
                entries[DESCRIPTORS[descriptor]] = {"linestyle": linestyle}
    return [key(name, **look) for name, look in entries.items()]


def _table(method: tuple[str, str, str], curves: Mapping[str, Floats]) -> pd.DataFrame:
    constants = dict(zip(KEY, method, strict=False))
    depth = len(next(iter(curves.values())))
    return pd.DataFrame({**constants, "k": np.arange(1, depth + 1), **curves})
