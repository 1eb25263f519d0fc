"""Scores: a row per query, a column per metric."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rsir.archives.archive_table import has_one_label_each
from rsir.evaluation.bounds import score_bounds
from rsir.evaluation.methods import METHOD
from rsir.metrics.arrays import Floats
from rsir.metrics.label_counts import LabelCounts
from rsir.metrics.scoring import METRICS, OF_LABEL_SETS, score_rankings
from rsir.search.protocol import Rankings, Search, search_conditions

SCORE_COLUMNS = [*METHOD[:3], "seed", *METHOD[3:], "image", *METRICS]


def query_scores(
    archive: pd.DataFrame,
    search: Search,
    rankings: Mapping[str, Rankings],
    cutoffs: Sequence[int],
    backbone: str,
    labeling: str,
    seed: int | None,
    trained_on: str = "",
    nmrr: Mapping[str, Floats] | None = None,
) -> pd.DataFrame:
    """Score a model: a row per descriptor, condition, cutoff and query, a column per metric.

    The conditions are those of `rsir.search.protocol.search_conditions`. `trained_on` is the
    archive that fine-tuned the model, if any. Metrics of label sets are NaN in an archive whose
    images have one label each. `nmrr` is that of each descriptor (C, Q) by condition
    and query, or None to compute it from rankings that are as deep as
    `rsir.metrics.scoring.ranking_depth`.
    """
    images = archive["image"].to_numpy()[search.queries]
    query_labels, database_labels, query_scenes, database_scenes = search.labels_and_scenes(archive)
    counts = LabelCounts.of(query_labels, database_labels)
    rows = []
    for descriptor, positions in rankings.items():
        for number, condition in enumerate(search_conditions(search, cutoffs)):
            ranked, counted = condition.of(positions), condition.counted
            of_counted = counts.select(counted)
            scenes = None
            if nmrr is None and query_scenes is not None:
                scenes = query_scenes[counted]
            known = query_labels[counted], database_labels, scenes, database_scenes
            for cutoff in cutoffs:
                scores = score_rankings(ranked, *known, condition.excluded, cutoff, of_counted)
                if nmrr and descriptor in nmrr:
                    scores["anmrr"] = nmrr[descriptor][number, counted]
                setting = (condition.query, condition.duplicates, cutoff)
                method = (backbone, labeling, trained_on, seed, descriptor, *setting)
                rows.append(_score_rows(method, images[counted], scores))
    return with_meaning(pd.concat(rows, ignore_index=True), archive)


def bound_scores(archive: pd.DataFrame, search: Search, cutoffs: Sequence[int]) -> pd.DataFrame:
    """Score the bounds, in rows like those of `query_scores`."""
    images = archive["image"].to_numpy()[search.queries]
    conditions = search_conditions(search, cutoffs)
    bounds = score_bounds(conditions, cutoffs, *search.labels_and_scenes(archive), search.own_rows)
    rows = []
    for condition, by_bound in zip(conditions, bounds, strict=True):
        for bound, by_cutoff in by_bound.items():
            for cutoff, scores in by_cutoff.items():
                method = (bound, "", "", None, "", condition.query, condition.duplicates, cutoff)
                rows.append(_score_rows(method, images[condition.counted], scores))
    return with_meaning(pd.concat(rows, ignore_index=True), archive)


def with_meaning(scores: pd.DataFrame, archive: pd.DataFrame) -> pd.DataFrame:
    """Return scores, a column per metric, with NaN for metrics that mean nothing in an archive."""
    if not has_one_label_each(archive):
        return scores
    return scores.assign(**dict.fromkeys(scores.columns.intersection([*OF_LABEL_SETS]), np.nan))


def _score_rows(
    method: tuple[object, ...], images: np.ndarray, scores: dict[str, np.ndarray]
) -> pd.DataFrame:
    constants = dict(zip(SCORE_COLUMNS, method, strict=False))
    return pd.DataFrame({**constants, "image": images, **scores}, columns=SCORE_COLUMNS)
