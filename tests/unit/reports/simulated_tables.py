"""Simulated scores, and the tables of them that the summary reports."""

import numpy as np
import pandas as pd

from rsir.evaluation.by_label import LABEL_METRICS, by_label
from rsir.evaluation.by_scene import by_scene
from rsir.evaluation.comparison import comparison
from rsir.evaluation.contrasts import contrasts
from rsir.evaluation.methods import METHOD, NAME
from rsir.metrics.scoring import LOWER_IS_BETTER, METRICS

SHELF = ("vgg16", "off_the_shelf", "pool")
SINGLE = ("vgg16", "single_label", "output")
MULTI = ("vgg16", "multi_label", "output")
INDEPENDENT = ("vgg16", "independent", "output")
LBP = ("lbp", "off_the_shelf", "histogram")
BOUNDS = (("random", "", ""), ("scene oracle", "", ""), ("label oracle", "", ""))
NETWORK = (SHELF, SINGLE, MULTI, INDEPENDENT)
ALL = (*NETWORK, LBP, *BOUNDS)
FIRST = NAME
SECOND = [f"against_{name}" for name in FIRST]
LABELS = ("airplane", "bare soil", "cars", "dock", "field", "grass", "mobile home", "nowhere")
SCENES = ("airfield", "beach", "city", "desert", "estate", "forest")


class Simulated:
    """Scores of 30 queries of six scenes, and the tables of them."""

    def __init__(self, seed=0, methods=ALL, seeds=1, with_scenes=True, settings=(("excluded", 5),)):
        self.rng = np.random.default_rng(seed)
        self.images = [f"image {number:02}" for number in range(30)]
        scenes = np.repeat(SCENES, 5) if with_scenes else [""] * 30
        self.scenes = pd.Series(scenes, index=self.images, dtype=str)
        easy = self.rng.normal(0, 0.18, (30, len(METRICS)))
        self.true = {  # seeds × queries × metrics, higher is better
            (setting, method): {"random": 0.1, "label oracle": 0.9}.get(method[0], 0.5)
            + easy
            + self.rng.normal(0, 0.05, (seeds if is_learned(method) else 1, *easy.shape))
            for setting in settings
            for method in methods
            if with_scenes or method[0] != "scene oracle"
        }

    def improve(self, method, value, metric=None, seed=None, setting=None):
        """Make a method better: by one value or one per query, for a metric or all."""
        metrics = slice(None) if metric is None else [METRICS.index(metric)]
        seeds = slice(None) if seed is None else [seed]
        for (other_setting, other), scores in self.true.items():
            if other == method and setting in (None, other_setting):
                scores[seeds, :, metrics] += np.reshape(value, (-1, 1))
        return self

    def scatter(self):
        """Add random effects of methods, scenes and seeds, per metric."""
        for scores in self.true.values():
            seeds, _, metrics = scores.shape
            scores += self.rng.normal(0, 0.06, metrics)
            scores += np.repeat(self.rng.normal(0, 0.08, (len(SCENES), metrics)), 5, axis=0)
            if seeds > 1:
                scores += self.rng.normal(0, 0.03, (seeds, 1, 1))
        return self

    @property
    def scores(self):
        tables = []
        for ((query, k), method), scores in self.true.items():
            for seed, of_seed in enumerate(scores):
                table = pd.DataFrame(of_seed, columns=list(METRICS))
                table[list(LOWER_IS_BETTER)] *= -1
                backbone, labeling, descriptor = method
                trained_on = "mine" if is_learned(method) else ""
                table[METHOD] = [backbone, labeling, trained_on, descriptor, query, "kept", k]
                table["seed"] = seed if is_learned(method) else np.nan
                tables.append(table.assign(image=self.images))
        scores = pd.concat(tables, ignore_index=True)
        return scores if any(self.scenes) else scores.assign(anmrr=np.nan)

    def tables(self):
        """Return the arguments of the summary."""
        scores = self.scores
        labels = scores[[*METHOD, "seed"]].drop_duplicates()
        labels = labels.merge(pd.DataFrame({"label": LABELS}), how="cross")
        labels["queries"], labels["database"] = 5, 20
        for name in LABEL_METRICS:
            labels[name] = np.random.default_rng(1).random(len(labels))
        labels.loc[labels["label"] == "nowhere", ["precision", "recall"]] = np.nan
        labels.loc[labels["label"] == "nowhere", "queries"] = 0
        return {
            "comparison": comparison("mine", scores, 300, {}),
            "contrasts": contrasts("mine", scores, self.scenes),
            "by_scene": by_scene(scores, self.scenes),
            "by_label": by_label(labels),
        }


def is_learned(method):
    return method[1] not in ("off_the_shelf", "")


def by_pair(table):
    """Return a row per metric of each pair, of the headline rows."""
    rows = table[(table["query"] == "excluded") & (table["k"] == table["k"].iloc[0])]
    pairs = {}
    for row in rows.to_dict("records"):
        pair = tuple(row[name] for name in FIRST), tuple(row[name] for name in SECOND)
        pairs.setdefault(pair, {})[row["metric"]] = row
    return pairs
