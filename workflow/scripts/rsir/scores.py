"""Scores: a row per query, a column per metric."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from rsir.bounds import score_bounds
from rsir.files import written_whole
from rsir.metrics import METRICS, PROTOCOLS, Floats, score_rankings, under_protocol
from rsir.ranking import Search

METHOD = ["backbone", "labeling", "descriptor", "query", "k"]
Method = tuple[str, str, str, str, int]
"""What METHOD holds in a row."""

Description = tuple[str, str, str]
"""Backbone, labeling and descriptor of a method."""

OFF_THE_SHELF = "off_the_shelf"
POOL = "pool"
HANDMADE = "histogram"
"""The descriptor of a backbone without learning."""

_TEXTS = ["archive", "backbone", "labeling", "descriptor", "query", "image", "metric", "over"]
_TEXTS += [*(f"against_{name}" for name in METHOD[:3]), "scene", "label", "differs"]

SCORE_COLUMNS = [*METHOD[:2], "seed", *METHOD[2:], "image", *METRICS]


def query_scores(
    archive: pd.DataFrame,
    search: Search,
    rankings: dict[str, np.ndarray],
    cutoffs: Sequence[int],
    backbone: str,
    labeling: str,
    seed: int | None,
) -> pd.DataFrame:
    """Score a model: a row per descriptor, protocol, cutoff and query, a column per metric.

    Where no query is in the database there is one protocol, `excluded`.
    """
    labels, images = search.labels_and_scenes(archive), archive["image"].to_numpy()[search.queries]
    rows = []
    for descriptor, positions in rankings.items():
        for protocol in protocols(search):
            ranked, left_out = under_protocol(protocol, positions, search.own_rows)
            for cutoff in cutoffs:
                scores = score_rankings(ranked, *labels, left_out, cutoff)
                method = (backbone, labeling, seed, descriptor, protocol, cutoff)
                rows.append(_score_rows(method, images, scores))
    return pd.concat(rows, ignore_index=True)


def bound_scores(archive: pd.DataFrame, search: Search, cutoffs: Sequence[int]) -> pd.DataFrame:
    """Score the bounds that labels alone give, in rows like those of `query_scores`."""
    labels, images = search.labels_and_scenes(archive), archive["image"].to_numpy()[search.queries]
    rows = []
    for protocol in protocols(search):
        bounds = score_bounds(protocol, cutoffs, *labels, search.own_rows)
        for bound, by_cutoff in bounds.items():
            for cutoff, scores in by_cutoff.items():
                method = (bound, "", None, "", protocol, cutoff)
                rows.append(_score_rows(method, images, scores))
    return pd.concat(rows, ignore_index=True)


def by_method(scores: pd.DataFrame) -> dict[Method, Floats]:
    """Return the scores (seeds, queries, metrics) of each method, in the order of the table.

    Every seed of every method scores the same queries in the same order.
    """
    return {
        cast("Method", method): np.stack(
            [one[list(METRICS)].to_numpy(float) for _, one in rows.groupby("seed", dropna=False)]
        )
        for method, rows in scores.groupby(METHOD, sort=False, dropna=False)
    }


def protocols(search: Search) -> Sequence[str]:
    """Return the protocols of a search: where no query is in the database there is one."""
    return PROTOCOLS if (search.own_rows >= 0).any() else PROTOCOLS[:1]


def _score_rows(
    method: tuple[object, ...], images: np.ndarray, scores: dict[str, np.ndarray]
) -> pd.DataFrame:
    constants = dict(zip(SCORE_COLUMNS, method, strict=False))
    return pd.DataFrame({**constants, "image": images, **scores}, columns=SCORE_COLUMNS)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, numbers with six decimals."""
    with written_whole(path) as partial:
        table.to_csv(partial, index=False, float_format="%.6f", lineterminator="\n")


def read_results(path: Path) -> pd.DataFrame:
    """Read a table of `write_table`: names are text, whatever they look like; no number is NaN."""
    columns = pd.read_csv(path, nrows=0).columns
    return pd.read_csv(
        path,
        dtype=dict.fromkeys(columns.intersection(_TEXTS), str),
        keep_default_na=False,
        na_values=dict.fromkeys(columns.difference(_TEXTS), ""),
    )
