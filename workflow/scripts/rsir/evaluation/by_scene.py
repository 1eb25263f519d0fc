"""The mean scores of each scene's queries."""

import pandas as pd

from rsir.evaluation.methods import METHOD
from rsir.metrics.scoring import METRICS


def by_scene(scores: pd.DataFrame, scenes: "pd.Series[str]") -> pd.DataFrame:
    """Return the mean of each metric over the queries of a scene, and over seeds.

    Parameters
    ----------
    scores : DataFrame
        Rows of `rsir.evaluation.scores.query_scores` and `bound_scores`.
    scenes : Series
        The scene of each image, by its name; empty texts where there are none.

    Returns
    -------
    DataFrame
        A row per method, protocol, cutoff and scene: `scene`, `queries`, the metrics. No row
        without scenes.
    """
    rows = scores.assign(scene=scores["image"].map(scenes))
    groups = rows[rows["scene"] != ""].groupby([*METHOD, "scene"], sort=False)
    means = groups[list(METRICS)].mean()
    means.insert(0, "queries", groups["image"].nunique())
    return means.reset_index()
