"""Tests of contrasts with scenes, groups or seeds as the unit, and what each unit can detect."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.metrics.arrays import Floats
from rsir.statistics.holm import holm
from rsir.statistics.sign_flip_test import clustered_sign_flip_p
from rsir.statistics.standard_errors import (
    clustered_error,
    detectable_difference,
    query_error,
    welch_test,
)

CLUSTERS = {"scene": "scenes", "group": "groups"}
"""Units that hold several queries, with the columns of their numbers."""

UNIT_COLUMNS = [
    *(
        name
        for unit, number in CLUSTERS.items()
        for name in (number, f"{unit}_p", f"{unit}_p_holm")
    ),
    *("seed_p", "seed_p_holm", "detectable"),
    *(f"{unit}_detectable" for unit in (*CLUSTERS, "seed")),
]


def unit_columns(
    differences: Floats,
    sides: Sequence[tuple[Floats, Floats]],
    clusters: Mapping[str, NDArray[np.str_]],
    resamples: int,
) -> dict[str, NDArray[Any]]:
    """Test contrasts with other units than the query.

    Parameters
    ----------
    differences
        (queries, contrasts × metrics), averaged over seeds.
    sides
        The scores (seeds, queries, metrics) of both methods of each contrast.
    clusters
        The cluster (queries,) of each query, by unit: `scene`, `group`; an empty text is none.
    resamples
        As for `rsir.statistics.sign_flip_test.sign_flip_p`.

    Returns
    -------
    dict
        The columns `UNIT_COLUMNS`: numbers of clusters, p values and their Holm corrections over
        the contrasts of a metric, and the differences that are detected with a power of 0.8. NaN
        where a unit does not exist.
    """
    count, metrics = len(sides), differences.shape[1] // len(sides)
    undefined = np.full(count * metrics, np.nan)
    columns: dict[str, NDArray[Any]] = dict.fromkeys(UNIT_COLUMNS, undefined)
    errors = {"detectable": query_error(differences)}
    for unit, of_query in clusters.items():
        columns[CLUSTERS[unit]] = np.full(count * metrics, len(set(of_query) - {""}))
        columns[f"{unit}_p"] = clustered_sign_flip_p(differences, of_query, resamples)
        errors[f"{unit}_detectable"] = clustered_error(differences, of_query)
    by_seed = [welch_test(*means_of_seeds(*pair)) for pair in sides]
    errors["seed_detectable"], columns["seed_p"] = map(np.concatenate, zip(*by_seed, strict=True))
    for unit in (*CLUSTERS, "seed"):
        columns[f"{unit}_p_holm"] = holm(columns[f"{unit}_p"].reshape(count, metrics)).ravel()
    return columns | {name: detectable_difference(error, count) for name, error in errors.items()}


def means_of_seeds(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Return the means (seeds, metrics) of both methods over the queries that both have."""
    missing = np.isnan(first).any(axis=0) | np.isnan(second).any(axis=0)
    counts = (~missing).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [np.where(missing, 0, scores).sum(axis=1) / counts for scores in (first, second)]
    return means[0], means[1]
