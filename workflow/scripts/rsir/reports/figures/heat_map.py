"""A heat map of the methods' means on each archive."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rsir.evaluation.methods import ACROSS, HISTOGRAM, Method, headline_rows, method_of
from rsir.evaluation.planned import is_bound
from rsir.reports.figures.rows import records
from rsir.reports.figures.style import WIDTH, in_style, note, readable
from rsir.reports.phrases import METRIC

_DARK = 0.6
"""Share of the colour scale from which on letters are white."""


@in_style
def heat_map_figure(comparison: pd.DataFrame, ranks: pd.DataFrame) -> Figure:
    """Draw a row per method and a column per archive, of the headline rows.

    A colour is the place of a mean between the random ranking and the label oracle of its archive.
    Methods come by mean rank, with their letters; those that an archive lacks come last.

    Parameters
    ----------
    comparison, ranks : DataFrame
        As `rsir.evaluation.across_tables` makes them.
    """
    rows = list(records(headline_rows(comparison)))
    means = {(row["archive"], method_of(row)): row[METRIC] for row in rows}
    archives = [name for name in dict.fromkeys(row["archive"] for row in rows) if name != ACROSS]
    ranked = list(records(headline_rows(ranks[ranks["metric"] == METRIC])))
    ends = {method_of(row): f"{row['mean_rank']:.2f}  {row['letters']}" for row in ranked}
    others = [method_of(row) for row in rows if not is_bound(method_of(row))]
    methods = list(dict.fromkeys([*ends, *others]))
    if not methods:
        return note("The run computes no descriptors, so there is nothing to compare.")
    shares = np.array([[_share(means, archive, one) for archive in archives] for one in methods])
    figure = Figure(figsize=(WIDTH, 0.9 + 0.2 * len(methods)))
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for place, share in np.ndenumerate(shares):
        method, archive = methods[place[0]], archives[place[1]]
        text = f"{means[archive, method]:.3f}" if (archive, method) in means else "–"
        colour = "white" if share > _DARK else "black"
        axes.text(place[1], place[0], text, ha="center", va="center", color=colour)
    axes.set_xticks(range(len(archives)), archives)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(methods)), [_name(method) for method in methods])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    right = axes.secondary_yaxis("right")
    right.set_yticks(range(len(methods)), [ends.get(method, "–") for method in methods])
    right.tick_params(length=0)
    right.spines[:].set_visible(False)
    right.set_ylabel("mean rank and letters")
    bar = figure.colorbar(image, ax=axes, location="bottom", aspect=60, pad=0.02)
    bar.set_ticks([0, 1], labels=["random ranking", "label oracle"])
    bar.outline.set_visible(False)
    bar.set_label(f"mean {METRIC} of the first {rows[0]['k']} retrieved", labelpad=-8)
    return figure


def _share(means: dict[tuple[str, Method], float], archive: str, method: Method) -> float:
    floor, ceiling = (means[archive, (name, "", "")] for name in ("random", "label oracle"))
    value = means.get((archive, method), np.nan)
    return (value - floor) / (ceiling - floor) if ceiling > floor else np.nan


def _name(method: Method) -> str:
    backbone, labeling, descriptor = method
    if descriptor == HISTOGRAM:
        return readable(backbone)
    return f"{readable(backbone)} {readable(labeling)}, {descriptor}"
