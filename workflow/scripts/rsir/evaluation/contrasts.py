"""Planned contrasts of methods, with confidence intervals and adjusted p values.

The unit is the query: two methods are compared by the differences between their scores of the same
query, averaged over seeds.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rsir.evaluation.methods import MODEL, SETTING, by_method, labeling_name
from rsir.evaluation.planned import planned_pairs
from rsir.evaluation.units import UNIT_COLUMNS, unit_columns
from rsir.metrics.arrays import Floats
from rsir.metrics.scoring import LOWER_IS_BETTER, METRICS
from rsir.statistics.bootstrap import clustered_interval, mean_interval
from rsir.statistics.holm import holm
from rsir.statistics.sign_flip_test import sign_flip_p

SECOND = [f"against_{name}" for name in MODEL]

STATISTICS = [
    *("seeds", "queries", "difference", "low", "high", "p", "p_holm", "wins", "ties", "losses"),
    *("scene_low", "scene_high", "seed_low", "seed_high"),
    *UNIT_COLUMNS,
]
_TIE = 1e-9


def contrasts(
    archive: str,
    scores: pd.DataFrame,
    scenes: "pd.Series[str]",
    patterns: Sequence[Sequence[str]] | None = None,
    reference: str | None = None,
    groups: "pd.Series[str] | None" = None,
    partial: bool = False,
) -> pd.DataFrame:
    """Test the planned contrasts for every metric.

    Parameters
    ----------
    archive : str
        Name of the archive.
    scores : DataFrame
        Rows of `rsir.evaluation.scores.query_scores` and `bound_scores`.
    scenes : Series
        The scene of each image, by image name; empty strings in an archive without scenes.
    patterns, reference, partial
        As for `rsir.evaluation.planned.planned_pairs`.
    groups : Series, optional
        The group of each image, by image name.

    Returns
    -------
    DataFrame
        A row per contrast, condition, cutoff and metric: the numbers of `seeds` and `queries`; the
        `difference` of the means, first minus second, and its 95 % BCa interval over queries
        (`low`, `high`); `p` of the paired sign-flip permutation test and `p_holm`, its Holm
        correction over all contrasts of the same metric, condition and cutoff; the numbers of
        queries that the first method wins, ties and loses (`wins`, `ties`, `losses`); the interval
        when scene classes are resampled instead of queries (`scene_low`, `scene_high`), and when
        seeds are resampled as well as queries (`seed_low`, `seed_high`), NaN with fewer than two
        scene classes or seeds; and the columns of `rsir.evaluation.units.unit_columns`.
    """
    tables = [
        _setting_contrasts(archive, rows, scenes, patterns, reference, groups, partial)
        for _, rows in scores.groupby(SETTING, sort=False)
    ]
    return pd.concat(tables, ignore_index=True)


def _setting_contrasts(
    archive: str,
    rows: pd.DataFrame,
    scenes: "pd.Series[str]",
    patterns: Sequence[Sequence[str]] | None,
    reference: str | None,
    groups: "pd.Series[str] | None",
    partial: bool,
) -> pd.DataFrame:
    """Test the planned contrasts under one condition, at one cutoff."""
    scores_of = {method[:4]: block for method, block in by_method(rows).items()}
    model_of = {
        (backbone, labeling_name(labeling, source, archive), descriptor): model
        for model in scores_of
        for backbone, labeling, source, descriptor in [model]
    }
    planned = planned_pairs(patterns, model_of, reference, partial)
    pairs = [(model_of[first], model_of[second]) for first, second in planned]
    setting = rows[SETTING].iloc[0]
    names = [(*pair[0], *pair[1], *setting, metric) for pair in pairs for metric in METRICS]
    table = pd.DataFrame(names, columns=[*MODEL, *SECOND, *SETTING, "metric"])
    if not pairs:
        return table.reindex(columns=[*table, *STATISTICS])
    # Seeds × queries × metrics; a method with one seed is compared with each seed of the other.
    blocks = [scores_of[first] - scores_of[second] for first, second in pairs]
    differences = np.concatenate([block.mean(axis=0) for block in blocks], axis=1)
    better = differences * np.tile(np.where(np.isin(METRICS, LOWER_IS_BETTER), -1, 1), len(pairs))
    table["seeds"] = np.repeat([len(block) for block in blocks], len(METRICS))
    table["queries"] = (~np.isnan(differences)).sum(axis=0)
    table["difference"], table["low"], table["high"] = mean_interval(differences[None])
    table["p"] = sign_flip_p(differences, _resamples(len(pairs)))
    table["p_holm"] = holm(table["p"].to_numpy().reshape(-1, len(METRICS))).ravel()
    table["wins"] = (better > _TIE).sum(axis=0)
    table["ties"] = (np.abs(better) <= _TIE).sum(axis=0)
    table["losses"] = (better < -_TIE).sum(axis=0)
    images = rows["image"].unique()
    clusters = {"scene": scenes[images].to_numpy(str)}
    table["scene_low"], table["scene_high"] = clustered_interval(differences, clusters["scene"])
    table["seed_low"], table["seed_high"] = _seed_interval(blocks)
    if groups is not None:
        clusters["group"] = groups[images].to_numpy(str)
    sides = [(scores_of[first], scores_of[second]) for first, second in pairs]
    units = unit_columns(differences, sides, clusters, _resamples(len(pairs)))
    return table.assign(**units)


def _resamples(contrasts: int) -> int:
    """Return a number of resamples at which the smallest adjusted p value is at most 0.01."""
    return max(9999, 100 * contrasts - 1)


def _seed_interval(blocks: list[Floats]) -> tuple[Floats, Floats]:
    """Return the limits of each block's columns over seeds and queries; NaN for a single seed."""
    seeds = max(map(len, blocks))
    if seeds == 1:
        undefined = np.full(len(blocks) * len(METRICS), np.nan)
        return undefined, undefined
    columns = [np.broadcast_to(block, (seeds, *block.shape[1:])) for block in blocks]
    _, low, high = mean_interval(np.concatenate(columns, axis=2))
    single = np.repeat([len(block) == 1 for block in blocks], len(METRICS))
    return np.where(single, np.nan, low), np.where(single, np.nan, high)
