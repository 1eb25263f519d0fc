"""Tables to draw, and what is read from a drawn figure."""

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex

from rsir.archives.archive_table import FIXED_COLUMNS
from rsir.evaluation.bounds import BOUNDS
from rsir.evaluation.methods import NAME
from rsir.evaluation.planned import default_pairs
from rsir.reports.figures.comparison import METRICS
from rsir.reports.figures.cutoffs import bound_curve_rows, curve_rows
from rsir.search.protocol import Search

LABELINGS = ["single_label", "multi_label", "independent", "powerset"]
NETWORKS = ["vgg16", "resnet50"]
HANDCRAFTED = ["color_histogram", "lbp"]
SHELF = "off_the_shelf"
ODD = ["$a_b$", "_hidden", "a < b & c", "Straße", "$", "50 %"]


def methods(networks=NETWORKS, labelings=LABELINGS, handcrafted=HANDCRAFTED, bounds=BOUNDS):
    return [
        *((n, one, d) for n in networks for one in [SHELF, *labelings] for d in ("pool", "output")),
        *((name, SHELF, "histogram") for name in handcrafted),
        *((bound, "", "") for bound in bounds),
    ]


def with_settings(rows):
    """Return the rows as those that are quoted, among rows of other conditions and cutoffs."""
    settings = [("included", "kept", 5), ("excluded", "removed", 5), ("excluded", "kept", 50)]
    others = [
        rows.assign(query=query, duplicates=duplicates, k=k) for query, duplicates, k in settings
    ]
    for other in others:
        numbers = other.select_dtypes(float).columns
        other[numbers] = 0.123
    quotes = rows.assign(query="excluded", duplicates="kept", k=5)
    return pd.concat([quotes, *others], ignore_index=True)


def comparison(of=None, seed=0):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(of or methods(), columns=NAME).assign(archive="mine", queries=30)
    for metric in METRICS:
        rows[metric] = rng.uniform(0.3, 0.8, len(rows))
        rows[f"{metric}_low"] = rows[metric] - rng.uniform(0, 0.1, len(rows))
        rows[f"{metric}_high"] = rows[metric] + rng.uniform(0, 0.1, len(rows))
    return with_settings(rows)


def contrasts(of=None):
    rng = np.random.default_rng(1)
    pairs = default_pairs(of or methods())
    names = [*NAME, *(f"against_{name}" for name in NAME)]
    rows = pd.DataFrame([(*one, *other) for one, other in pairs], columns=names)
    rows["difference"] = rng.normal(0, 0.1, len(rows))
    rows["low"], rows["high"] = rows["difference"] - 0.02, rows["difference"] + 0.03
    rows["p_holm"] = rng.choice([0.05, np.nextafter(0.05, 1), np.nan], len(rows))
    table = with_settings(rows.assign(metric="accuracy"))
    return pd.concat([table, table.assign(metric="recall", difference=0.5)], ignore_index=True)


def by_scene(scenes, of=None):
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(of or methods(), columns=NAME)
    rows = rows.merge(pd.DataFrame({"scene": scenes}), how="cross")
    return with_settings(rows.assign(accuracy=rng.random(len(rows))))


def curve(labeling="multi_label", tasks=("multi_label",), seed=0, backbone="vgg16", valid=False):
    rng = np.random.default_rng(seed)
    steps = [("head", 1), ("head", 2), ("tail", 1), ("tail", 2), ("tail", 3)]
    rows = pd.DataFrame([(task, *step) for task in tasks for step in steps])
    rows.columns = ["task", "stage", "epoch"]
    rows["train_loss"] = rng.uniform(0.1, 1, len(rows))
    for name in ("validation_loss", "validation_map"):
        rows[name] = rng.random(len(rows)) if valid else np.nan
    return rows.assign(backbone=backbone, labeling=labeling, seed=seed)


def archive(scenes=("port", "farm", "city"), each=6, labels=("sea", "grass", "car")):
    rng = np.random.default_rng(3)
    images = len(scenes) * each
    columns = {
        "image": [f"i{number:02}" for number in range(images)],
        "path": "",
        "scene": np.repeat(list(scenes), each),
        "width": 1,
        "height": 1,
        "sha256": "0",
    }
    assert tuple(columns) == FIXED_COLUMNS
    return pd.DataFrame(columns | {name: rng.integers(0, 2, images) for name in labels})


def curves_of(table, models=((SHELF, 0), ("multi_label", 0), ("multi_label", 1))):
    search = Search(np.arange(len(table)), np.arange(len(table)))
    rows = [bound_curve_rows(table, search, [4])]
    for number, (labeling, seed) in enumerate(models):
        retrieved = rankings(len(table), number + seed)
        rows.append(curve_rows(table, search, retrieved, "vgg16", labeling))
    return pd.concat(rows, ignore_index=True)


def rankings(images, seed):
    rng = np.random.default_rng(seed)
    return {
        name: np.stack([rng.permutation(images) for _ in range(images)])[:, : images - 2]
        for name in ("pool", "output")
    }


def table_of_thesis():
    rows = pd.DataFrame(
        [("vgg16", SHELF, "pool"), ("vgg16", "multi_label", "output")], columns=NAME
    ).merge(pd.DataFrame({"metric": METRICS}), how="cross")
    rng = np.random.default_rng(4)
    rows["ours"], rows["thesis"] = rng.random((2, len(rows)))
    return rows.assign(ours_low=rows["ours"] - 0.1, ours_high=rows["ours"] + 0.1)


def marks(axes):
    """Return the single points of a panel: where, in which colour, and whether filled."""
    return {
        (round(float(line.get_ydata()[0]), 2), round(float(line.get_xdata()[0]), 9)): (
            to_hex(line.get_color()).upper(),
            line.get_markerfacecolor() == line.get_color(),
        )
        for line in axes.lines
        if len(line.get_xdata()) == 1
    }


def intervals(axes):
    return {
        (round(float(line.get_ydata()[0]), 2), *np.round(line.get_xdata(), 9))
        for line in axes.lines
        if len(line.get_xdata()) == 2 and line.get_linestyle() == "-" and line.get_zorder() == 2
    }


def rows_of(axes):
    """Return the place of each row of a panel, by its heading and label, and the headings."""
    places, heading = {}, None
    for place, text in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        if text.get_fontweight() == "bold":
            heading = text.get_text()
        else:
            places[heading, text.get_text()] = float(place)
    return places


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text"))]
