"""The learning curves of all fine-tunings."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from rsir.evaluation.tables import read_results
from rsir.reports.figures.panels import add_legend, draw_grid, key
from rsir.reports.figures.style import GREY, WIDTH, in_style, labeling_colours, note, readable

LOSSES = {"train_loss": "-", "validation_loss": "--"}
QUANTITIES = {"validation_map": "mAP", "validation_retrieval": "retrieval"}
"""The columns of validation with panels of their own, and what their axes say."""


def read_curve(path: Path) -> pd.DataFrame:
    """Read a learning curve, and add `backbone`, `labeling` and `seed` from its path."""
    labeling, _, seed = path.stem.rpartition("-seed")
    curve = read_results(path)
    return curve.assign(
        backbone=path.parent.name, labeling=labeling, seed=int(seed), task=curve["task"].astype(str)
    )


@in_style
def learning_figure(curves: Sequence[pd.DataFrame], labelings: Sequence[str]) -> Figure:
    """Draw a row of panels per network and quantity, and a column per labeling.

    The quantities are the loss and, with a validation subset, what `QUANTITIES` lists.

    Parameters
    ----------
    curves : sequence of DataFrame
        As `read_curve` returns them.
    labelings : sequence of str
        As for `rsir.reports.figures.style.labeling_colours`.
    """
    curves = [curve for curve in curves if len(curve)]
    if not curves:
        return note("The run fine-tunes nothing, so there are no learning curves.")
    rows = with_steps(pd.concat(curves, ignore_index=True))
    networks, columns = rows["backbone"].unique(), rows["labeling"].unique()
    validated = [name for name in QUANTITIES if name in rows and rows[name].notna().any()]
    kinds = [LOSSES, *({name: "-"} for name in validated)]
    lines = [(network, kind) for network in networks for kind in kinds]
    figure = Figure(figsize=(WIDTH, 0.9 + 1.4 * len(lines)))
    panels = figure.subplots(len(lines), len(columns), sharex="col", sharey="row", squeeze=False)
    colours = labeling_colours(labelings)
    for (network, kind), across in zip(lines, panels, strict=True):
        quantity = QUANTITIES.get(next(iter(kind)), "loss")
        across[0].set_ylabel(f"{readable(network)}\n{quantity}", fontweight="bold")
        for labeling, axes in zip(columns, across, strict=True):
            of_panel = rows[(rows["backbone"] == network) & (rows["labeling"] == labeling)]
            draw_grid(axes)
            for column, linestyle in kind.items():
                _draw_curves(axes, of_panel, column, colours[labeling], linestyle)
            _draw_border(axes, of_panel)
            _scale(axes, logarithmic=kind is LOSSES)
    for labeling, axes in zip(columns, panels[0], strict=True):
        axes.set_title(readable(labeling))
    figure.supxlabel("epoch; left of the dotted line the new head is trained alone")
    keys = [key("training", linestyle="-")]
    if validated:
        keys.append(key("validation", linestyle="--"))
    if rows.groupby("labeling")["task"].nunique().max() > 1:
        keys.append(key("each task", linestyle="-", linewidth=0.4))
    add_legend(figure, keys)
    return figure


def with_steps(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `step` to learning curves: the epoch, counted over both stages."""
    curves = rows.groupby(["backbone", "labeling", "seed", "task"], sort=False)
    return rows.assign(step=curves.cumcount() + 1)


def _draw_curves(axes: Axes, rows: pd.DataFrame, column: str, colour: str, linestyle: str) -> None:
    """Draw a thick line per seed, the mean over its tasks; and a thin one per task, if several."""
    for _, of_seed in rows.groupby("seed", sort=False):
        tasks = of_seed.pivot_table(index="step", columns="task", values=column)
        if tasks.shape[1] > 1 and linestyle == "-":
            axes.plot(tasks.index, tasks, color=colour, linewidth=0.3, alpha=0.4)
        mean = tasks.mean(axis=1)
        axes.plot(mean.index, mean, color=colour, linestyle=linestyle, linewidth=1.3)


def _draw_border(axes: Axes, rows: pd.DataFrame) -> None:
    """Mark the end of the first stage, in which the head alone is trained."""
    head = rows.loc[rows["stage"] == "head", "step"]
    if not head.empty:
        axes.axvline(head.max() + 0.5, color=GREY, linewidth=0.8, linestyle=":")


def _scale(axes: Axes, logarithmic: bool) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
