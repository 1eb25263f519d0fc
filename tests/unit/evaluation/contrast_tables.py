"""Scores to contrast, and the rows of the contrasts."""

import numpy as np
import pandas as pd

from rsir.evaluation.contrasts import contrasts
from rsir.metrics.scoring import METRICS

SHELF = ("vgg16", "off_the_shelf", "pool")
SINGLE = ("vgg16", "single_label", "pool")
MULTI = ("vgg16", "multi_label", "pool")
INDEPENDENT = ("vgg16", "independent", "pool")
POWERSET = ("vgg16", "powerset", "pool")
LBP = ("lbp", "off_the_shelf", "histogram")
RANDOM = ("random", "", "")
ORACLE = ("label oracle", "", "")
BOUNDS = (RANDOM, ORACLE)
METHODS = (SHELF, SINGLE, MULTI, INDEPENDENT, POWERSET)
FIRST = ["backbone", "labeling", "descriptor"]
SECOND = [f"against_{name}" for name in FIRST]


def images(queries: int) -> list[str]:
    return [f"image {number:03}" for number in range(queries)]


def scenes(names) -> pd.Series:
    return pd.Series(list(names), index=images(len(names)), dtype=str)


def rows(description, values, query="excluded", k=1, duplicates="kept") -> pd.DataFrame:
    """Scores (seeds, queries) or (seeds, queries, metrics); seeds that are one have no number."""
    values = np.asarray(values, float)
    if values.ndim == 2:
        values = np.repeat(values[:, :, None], len(METRICS), axis=2)
    tables = []
    for seed, of_seed in enumerate(values):
        table = pd.DataFrame(of_seed, columns=list(METRICS))
        table["backbone"], table["labeling"], table["descriptor"] = description
        table["trained_on"] = "" if description[1] in ("off_the_shelf", "") else "mine"
        table["seed"] = np.nan if len(values) == 1 else seed
        table["query"], table["duplicates"], table["k"] = query, duplicates, k
        table["image"] = images(len(of_seed))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def table_of(parts, scenes_of_queries=None) -> pd.DataFrame:
    scores = pd.concat(parts, ignore_index=True)
    queries = scores["image"].nunique()
    return contrasts("mine", scores, scenes(scenes_of_queries or [""] * queries))


def pairs_of(table: pd.DataFrame) -> list:
    """Return the pairs of a table in its order."""
    named = table[FIRST + SECOND].drop_duplicates().itertuples(index=False)
    return [(tuple(row[:3]), tuple(row[3:])) for row in named]


def row_of(table, first, second, metric="accuracy", query="excluded", k=1) -> pd.Series:
    values = (*first, *second, metric, query, k)
    names = [*FIRST, *SECOND, "metric", "query", "k"]
    (match,) = (
        row
        for _, row in table.iterrows()
        if all(row[name] == value for name, value in zip(names, values, strict=True))
    )
    return match


def simulated(rng, methods=METHODS, queries=40, seeds=1, cutoffs=(1,)) -> list:
    """Scores of methods that do not differ: queries are easy or hard, and the rest is noise."""
    parts = []
    for k in cutoffs:
        easy = rng.normal(0.6, 0.18, (queries, len(METRICS)))
        for method in methods:
            learned = method[1] not in ("off_the_shelf", "")
            noise = rng.normal(
                0, 0.1 / np.sqrt(2), (seeds if learned else 1, queries, len(METRICS))
            )
            parts.append(rows(method, easy + noise, k=k))
    return parts


def two_seeds() -> list:
    """Four queries, two seeds against what has none."""
    first = rows(MULTI, [[0.6, 0.4, 0.5, 0.9], [0.8, 0.4, 0.5, 0.7]])
    return [rows(SHELF, [[0.5, 0.5, 0.5, 0.5]]), first]
