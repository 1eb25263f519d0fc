"""Planned contrasts of methods, and how sure their differences are.

The unit is the query: two methods are compared by the differences between their scores of the same
query, averaged over seeds.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from rsir.evaluation.bounds import BOUNDS
from rsir.evaluation.methods import HISTOGRAM, METHOD, OFF_THE_SHELF, POOL, Description, by_method
from rsir.metrics.arrays import Floats
from rsir.metrics.scoring import LOWER_IS_BETTER, METRICS
from rsir.statistics.bootstrap import clustered_interval, mean_interval
from rsir.statistics.sign_flip_test import sign_flip_p

BETWEEN = (
    ("multi_label", "single_label"),
    ("multi_label", "independent"),
    ("powerset", "independent"),
)
"""Labelings that are compared with one another, the first against the second."""

SETTING = METHOD[3:]
FIRST, SECOND = METHOD[:3], [f"against_{name}" for name in METHOD[:3]]

STATISTICS = [
    *("seeds", "queries", "difference", "low", "high", "p", "p_holm", "wins", "ties", "losses"),
    *("scene_low", "scene_high", "seed_low", "seed_high"),
]
_TIE = 1e-9


def planned(descriptions: Iterable[Description]) -> list[tuple[Description, Description]]:
    """Return the pairs of descriptions that are compared, the first against the second.

    On each network, against its pooled features off the shelf: each descriptor of each labeling,
    and the bounds. The same descriptor of the labelings in `BETWEEN`. And each description by a
    network against each one without learning.
    """
    found = list(descriptions)
    bounds = [one for one in found if one[0] in BOUNDS]
    handcrafted = [one for one in found if one[2] == HISTOGRAM]
    learned = [one for one in found if one not in [*bounds, *handcrafted]]
    pairs = [
        *((one, (one[0], OFF_THE_SHELF, POOL)) for one in learned if one[1] != OFF_THE_SHELF),
        *(
            (one, (one[0], second, one[2]))
            for first, second in BETWEEN
            for one in learned
            if one[1] == first
        ),
        *((one, baseline) for one in learned for baseline in handcrafted),
        *((bound, one) for one in learned if one[1:] == (OFF_THE_SHELF, POOL) for bound in bounds),
    ]
    return [pair for pair in pairs if pair[1] in found]


def contrasts(scores: pd.DataFrame, scenes: "pd.Series[str]") -> pd.DataFrame:
    """Test the planned contrasts by every metric.

    Parameters
    ----------
    scores : DataFrame
        Rows of `rsir.evaluation.scores.query_scores` and `bound_scores`.
    scenes : Series
        The scene of each image, by its name; empty texts where there are none.

    Returns
    -------
    DataFrame
        A row per contrast, protocol, cutoff and metric: the numbers of `seeds` and `queries`; the
        `difference` of the means, first minus second, and its 95 % BCa interval over queries
        (`low`, `high`); the `p` of the paired sign-flip permutation test, and `p_holm`, adjusted
        over all contrasts of the same metric, protocol and cutoff; the numbers of queries that the
        first method answers better, alike or worse (`wins`, `ties`, `losses`); and how the interval
        is when scene classes are drawn, not queries (`scene_low`, `scene_high`), or seeds and
        queries (`seed_low`, `seed_high`), empty without two of either.
    """
    tables = [_setting_contrasts(rows, scenes) for _, rows in scores.groupby(SETTING, sort=False)]
    return pd.concat(tables, ignore_index=True)


def _setting_contrasts(rows: pd.DataFrame, scenes: "pd.Series[str]") -> pd.DataFrame:
    """Test the planned contrasts under one protocol, at one cutoff."""
    by_description = {method[:3]: block for method, block in by_method(rows).items()}
    pairs = planned(by_description)
    query, k = rows[SETTING].iloc[0]
    names = [(*one, *other, query, k, metric) for one, other in pairs for metric in METRICS]
    table = pd.DataFrame(names, columns=[*FIRST, *SECOND, *SETTING, "metric"])
    if not pairs:
        return table.reindex(columns=[*table, *STATISTICS])
    # Seeds × queries × metrics; what has one seed is compared with each seed of the other.
    blocks = [by_description[one] - by_description[other] for one, other in pairs]
    differences = np.concatenate([block.mean(axis=0) for block in blocks], axis=1)
    better = differences * np.tile(np.where(np.isin(METRICS, LOWER_IS_BETTER), -1, 1), len(pairs))
    table["seeds"] = np.repeat([len(block) for block in blocks], len(METRICS))
    table["queries"] = (~np.isnan(differences)).sum(axis=0)
    table["difference"], table["low"], table["high"] = mean_interval(differences[None])
    table["p"] = sign_flip_p(differences, _resamples(len(pairs)))
    table["p_holm"] = _holm(table["p"].to_numpy().reshape(-1, len(METRICS))).ravel()
    table["wins"] = (better > _TIE).sum(axis=0)
    table["ties"] = (np.abs(better) <= _TIE).sum(axis=0)
    table["losses"] = (better < -_TIE).sum(axis=0)
    images = rows["image"].unique()
    table["scene_low"], table["scene_high"] = clustered_interval(
        differences, scenes[images].to_numpy(str)
    )
    table["seed_low"], table["seed_high"] = _seed_interval(blocks)
    return table


def _resamples(contrasts: int) -> int:
    """Return so many that the smallest p value, adjusted for the contrasts, is at most 0.01."""
    return max(9999, 100 * contrasts - 1)


def _holm(p: Floats) -> Floats:
    """Adjust p values (contrasts, metrics) over the contrasts of each metric."""
    adjusted = np.full_like(p, np.nan)
    for metric, known in enumerate(~np.isnan(p).T):
        if known.any():
            adjusted[known, metric] = multipletests(p[known, metric], method="holm")[1]
    return adjusted


def _seed_interval(blocks: list[Floats]) -> tuple[Floats, Floats]:
    """Return the limits, of seeds and queries drawn, of each block's columns; NaN of one seed."""
    seeds = max(map(len, blocks))
    if seeds == 1:
        nothing = np.full(len(blocks) * len(METRICS), np.nan)
        return nothing, nothing
    columns = [np.broadcast_to(block, (seeds, *block.shape[1:])) for block in blocks]
    _, low, high = mean_interval(np.concatenate(columns, axis=2))
    single = np.repeat([len(block) == 1 for block in blocks], len(METRICS))
    return np.where(single, np.nan, low), np.where(single, np.nan, high)
