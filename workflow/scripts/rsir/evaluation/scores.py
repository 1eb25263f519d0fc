"""Scores: a row per query, a column per metric."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rsir.evaluation.bounds import score_bounds
from rsir.evaluation.methods import METHOD
from rsir.metrics.scoring import METRICS, score_rankings
from rsir.search.protocol import Search, protocols_of, under_protocol

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

    If no query is in the database, the only protocol is `excluded`.
    """
    labels, images = search.labels_and_scenes(archive), archive["image"].to_numpy()[search.queries]
    rows = []
    for descriptor, positions in rankings.items():
        for protocol in protocols_of(search):
            ranked, left_out = under_protocol(protocol, positions, search.own_rows)
            for cutoff in cutoffs:
                scores = score_rankings(ranked, *labels, left_out, cutoff)
                method = (backbone, labeling, seed, descriptor, protocol, cutoff)
                rows.append(_score_rows(method, images, scores))
    return pd.concat(rows, ignore_index=True)


def bound_scores(archive: pd.DataFrame, search: Search, cutoffs: Sequence[int]) -> pd.DataFrame:
    """Score the bounds, in rows like those of `query_scores`."""
    labels, images = search.labels_and_scenes(archive), archive["image"].to_numpy()[search.queries]
    rows = []
    for protocol in protocols_of(search):
        bounds = score_bounds(protocol, cutoffs, *labels, search.own_rows)
        for bound, by_cutoff in bounds.items():
            for cutoff, scores in by_cutoff.items():
                method = (bound, "", None, "", protocol, cutoff)
                rows.append(_score_rows(method, images, scores))
    return pd.concat(rows, ignore_index=True)


def _score_rows(
    method: tuple[object, ...], images: np.ndarray, scores: dict[str, np.ndarray]
) -> pd.DataFrame:
    constants = dict(zip(SCORE_COLUMNS, method, strict=False))
    return pd.DataFrame({**constants, "image": images, **scores}, columns=SCORE_COLUMNS)
