"""Tables across archives: contrasts, means and ranks."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rsir.evaluation.across import (
    QUERY,
    ArchiveScores,
    Setting,
    Tests,
    common_methods,
    test_pairs,
)
from rsir.evaluation.methods import ACROSS, AGAINST, NAME, SETTING
from rsir.evaluation.planned import Pair, is_bound, planned_pairs
from rsir.metrics.arrays import Floats
from rsir.metrics.scoring import LOWER_IS_BETTER, METRICS
from rsir.statistics.holm import holm
from rsir.statistics.letters import letter_display

LEVEL = 0.05
LOWER = np.isin(METRICS, LOWER_IS_BETTER)
_ENDS = ("", "_low", "_high", "_sd")


def contrasts_across(
    archives: Sequence[ArchiveScores],
    patterns: Sequence[Sequence[str]] | None = None,
    reference: str | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test the planned contrasts in each archive and over archives, and all pairs for ranks.

    Parameters
    ----------
    archives
        The scores of each archive under one condition, at one cutoff.
    patterns, reference
        As for `rsir.evaluation.planned.planned_pairs`.

    Returns
    -------
    tuple
        A table with a row per contrast, metric and archive, and a row `across` where several
        archives have both methods; and a table with a row per pair of methods that all archives
        have, and metric: `first`, `second`, `metric`, `difference`, `p`, `p_holm`.
    """
    methods = common_methods(archives)
    planned = [
        pair
        for pair in planned_pairs(patterns, methods, reference)
        if any(set(pair) <= set(one.methods) for one in archives)
    ]
    everywhere = [
        method for method in methods if method[1] and all(method in one.methods for one in archives)
    ]
    all_pairs = [
        (first, second)
        for number, first in enumerate(everywhere)
        for second in everywhere[number + 1 :]
    ]
    resamples = max(9999, 100 * len(planned) * (len(archives) + 2), 100 * len(all_pairs)) - 1
    tests = test_pairs(archives, [*planned, *all_pairs], len(planned), resamples)
    count = len(planned)
    return _contrast_rows(archives, planned, tests), _pair_rows(
        all_pairs, tests.differences[-1, count:], tests.p[QUERY][-1, count:]
    )


def _contrast_rows(
    archives: Sequence[ArchiveScores], pairs: Sequence[Pair], tests: Tests
) -> pd.DataFrame:
    count = len(pairs)
    names = [one.archive for one in archives]
    differences = tests.differences[:, :count]
    present = ~np.isnan(differences)
    several = present[:-1].sum(axis=0) >= 2
    is_row = np.concatenate([present[:-1], several[None]])
    with np.errstate(invalid="ignore"):
        favour = np.where(LOWER, -1, 1) * np.sign(differences)
    columns: dict[str, np.ndarray] = {}
    for unit, of_all in tests.p.items():
        prefix, p, spread = f"{unit}_" if unit else "", of_all[:, :count], tests.heterogeneity[unit]
        p = np.where(is_row, p, np.nan)
        spread = np.where(several & ~np.isnan(p[-1]), spread, np.nan)
        family = np.concatenate([p, spread[None]])
        adjusted = holm(family.reshape(-1, len(METRICS))).reshape(family.shape)
        columns |= {f"{prefix}p": p, f"{prefix}p_holm": adjusted[:-1]}
        undefined = np.full_like(p, np.nan)
        for name, values in (("heterogeneity_p", spread), ("heterogeneity_p_holm", adjusted[-1])):
            columns[f"{prefix}{name}"] = undefined.copy()
            columns[f"{prefix}{name}"][-1] = values
    significant = columns["p_holm"] <= LEVEL
    better, worse = significant & (favour > 0), significant & (favour < 0)
    verdict = np.select([better, worse], ["better", "worse"], "undecided")
    opposite = better[:-1].any(axis=0) & worse[:-1].any(axis=0)
    apart = columns["heterogeneity_p_holm"][-1] <= LEVEL
    agreement = np.full(differences.shape, "", object)
    agreement[-1] = np.select([opposite, apart], ["opposite", "heterogeneous"], "")
    queries = [*(one.queries for one in archives), sum(one.queries for one in archives)]
    counts: dict[str, np.ndarray] = {
        "archives": np.where(is_row, 1, 0),
        "queries": np.broadcast_to(np.array(queries)[:, None, None], differences.shape),
        "difference": differences,
        "archive_wins": (favour[:-1] > 0).sum(axis=0)[None] * np.ones_like(differences),
        "archive_losses": (favour[:-1] < 0).sum(axis=0)[None] * np.ones_like(differences),
    }
    counts["archives"][-1] = present[:-1].sum(axis=0)
    rows, places = [], np.argwhere(np.moveaxis(is_row, 0, -1))
    for pair, metric, archive in places:
        rows.append((*pairs[pair][0], *pairs[pair][1], METRICS[metric], [*names, ACROSS][archive]))
    keys = [*NAME, *AGAINST, "metric", "archive"]
    table = pd.DataFrame(rows, columns=keys)
    index = tuple(places[:, [2, 0, 1]].T)
    for name, values in {**counts, **columns}.items():
        table[name] = values[index]
    is_across = table["archive"] == ACROSS
    for name in ("archive_wins", "archive_losses"):
        table[name] = table[name].where(is_across)
    return table.assign(verdict=verdict[index], agreement=agreement[index])


def _pair_rows(pairs: Sequence[Pair], differences: Floats, p: Floats) -> pd.DataFrame:
    adjusted = holm(p) if len(pairs) else p
    return pd.DataFrame(
        [
            (
                *pair,
                METRICS[metric],
                differences[row, metric],
                p[row, metric],
                adjusted[row, metric],
            )
            for row, pair in enumerate(pairs)
            for metric in range(len(METRICS))
        ],
        columns=["first", "second", "metric", "difference", "p", "p_holm"],
    )


def with_intervals(
    table: pd.DataFrame, setting: Setting, by_archive: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Add the columns of the setting and of the intervals to a table of `contrasts_across`.

    Parameters
    ----------
    table
        The first table of `contrasts_across`.
    setting
        Its condition and cutoff.
    by_archive
        The tables `rsir.evaluation.contrasts.contrasts` of each archive, as reports name methods.
        Their intervals are taken over; for several archives the limits are combined as the
        deviations from the mean (MOVER; Zou and Donner, 2008).
    """
    keys = [*NAME, *AGAINST, "metric"]
    limits = pd.concat(
        [
            rows.loc[(rows[SETTING] == list(setting)).all(axis=1), [*keys, "low", "high"]].assign(
                archive=archive
            )
            for archive, rows in by_archive.items()
        ]
    )
    merged = table.merge(limits, how="left", on=[*keys, "archive"])
    for name, sign in (("low", -1), ("high", 1)):
        squares = ((merged[name] - merged["difference"]) ** 2).groupby(
            [merged[key] for key in keys], sort=False
        )
        combined = np.sqrt(squares.transform("sum")) / merged["archives"]
        is_across = merged["archive"] == ACROSS
        merged[name] = merged[name].where(~is_across, merged["difference"] + sign * combined)
    merged = merged.assign(query=setting[0], duplicates=setting[1], k=setting[2])
    key = [*NAME, *AGAINST, *SETTING, "metric", "archive", "archives", "queries"]
    first = [*key, "difference", "low", "high"]
    return merged[[*first, *(name for name in merged if name not in first)]]


def comparison_across(by_archive: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the means of all archives, and their mean over archives.

    Parameters
    ----------
    by_archive
        The tables `rsir.evaluation.comparison.comparison` of each archive, as reports name methods.

    Returns
    -------
    DataFrame
        The rows of all archives, then a row `across` for each method that all archives have: the
        mean over archives of each metric, with the limits combined as in `with_intervals`; the sums
        of queries and images, the least number of seeds, and the number of `archives`.
    """
    rows = pd.concat(by_archive.values(), ignore_index=True)
    rows["archives"] = 1
    groups = rows.groupby([*NAME, *SETTING], sort=False)
    count = len(by_archive)
    shared = groups.size()[lambda size: size == count].index
    mean = groups[list(METRICS)].mean()
    across = (
        groups.agg(
            seeds=("seeds", "min"),
            queries=("queries", "sum"),
            database=("database", "sum"),
            archives=("archives", "sum"),
        )
        .join(mean)
        .assign(archive=ACROSS)
    )
    for metric in METRICS:
        for end, sign in (("_low", -1), ("_high", 1)):
            squares = ((rows[f"{metric}{end}"] - rows[metric]) ** 2).groupby(
                [rows[key] for key in (*NAME, *SETTING)], sort=False
            )
            across[f"{metric}{end}"] = (
                mean[metric] + sign * np.sqrt(squares.sum(min_count=count)) / count
            )
        spread = (rows[f"{metric}_sd"] ** 2).groupby(
            [rows[key] for key in (*NAME, *SETTING)], sort=False
        )
        across[f"{metric}_sd"] = np.sqrt(spread.sum(min_count=count)) / count
    table = pd.concat([rows, across.loc[shared].reset_index()], ignore_index=True)
    columns = ["archive", *NAME, *SETTING, "seeds", "queries", "database", "archives"]
    return table[[*columns, *(f"{metric}{end}" for metric in METRICS for end in _ENDS)]]


def ranks_across(archives: Sequence[ArchiveScores], pairs: pd.DataFrame) -> pd.DataFrame:
    """Rank the methods that all archives have.

    Parameters
    ----------
    archives
        The scores of each archive under one condition, at one cutoff.
    pairs
        The second table of `contrasts_across`.

    Returns
    -------
    DataFrame
        A row per metric and method, the best mean rank first: its mean over archives (`mean`), the
        mean over archives of its rank (`mean_rank`, 1 is best, equal means share their ranks), and
        `letters`: two methods without a common letter differ significantly in the mean over
        archives, after Holm's correction over all pairs of the metric.
    """
    methods = [
        method
        for method in common_methods(archives)
        if not is_bound(method) and all(method in one.methods for one in archives)
    ]
    with np.errstate(invalid="ignore"):
        means = np.array([[_mean(one.methods[method]) for method in methods] for one in archives])
    tables = []
    for number, metric in enumerate(METRICS):
        values = means[:, :, number] if methods else np.empty((len(archives), 0))
        if np.isnan(values).any() or not methods:
            continue
        of_metric = pd.DataFrame(values.T, columns=range(len(archives)))
        ranks = of_metric.rank(ascending=bool(LOWER[number])).mean(axis=1)
        mean = of_metric.mean(axis=1)
        order = np.lexsort((mean if LOWER[number] else -mean, ranks))
        place = {methods[old]: new for new, old in enumerate(order)}
        differs = np.zeros((len(methods),) * 2, bool)
        for row in pairs[pairs["metric"] == metric].to_dict("records"):
            first, second = place[row["first"]], place[row["second"]]
            differs[first, second] = differs[second, first] = row["p_holm"] <= LEVEL
        table = pd.DataFrame([methods[old] for old in order], columns=NAME)
        table["metric"], table["archives"] = metric, len(archives)
        table["mean"], table["mean_rank"] = mean.to_numpy()[order], ranks.to_numpy()[order]
        table["letters"] = letter_display(differs)
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _mean(scores: Floats) -> Floats:
    present = ~np.isnan(scores)
    mean: Floats = np.where(present, scores, 0).sum(axis=0) / present.sum(axis=0)
    return mean
