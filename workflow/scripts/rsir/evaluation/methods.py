"""Methods: the columns that name one, and the scores of each."""

from typing import cast

import numpy as np
import pandas as pd

from rsir.metrics.arrays import Floats
from rsir.metrics.scoring import METRICS

METHOD = ["backbone", "labeling", "descriptor", "query", "k"]
Method = tuple[str, str, str, str, int]
"""What METHOD holds in a row."""

Description = tuple[str, str, str]
"""Backbone, labeling and descriptor of a method."""

OFF_THE_SHELF = "off_the_shelf"
POOL = "pool"
HISTOGRAM = "histogram"
"""The descriptor of a backbone without learning."""


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
