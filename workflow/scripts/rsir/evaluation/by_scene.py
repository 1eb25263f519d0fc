"""Mean scores per scene class."""

import pandas as pd

from rsir.evaluation.methods import METHOD
from rsir.metrics.scoring import METRICS


def by_scene(scores: pd.DataFrame, scenes: "pd.Series[str]") -> pd.DataFrame:
    """Return the mean of each metric over the queries of a scene, and over seeds.

    Parameters
    ----------
    scores, scenes
        As for `rsir.evaluation.contrasts.contrasts`.

    Returns
    -------
    DataFrame
        A row per method, condition, cutoff and scene: `scene`, `queries`, the metrics. Empty for an
        archive without scenes.
    """
    rows = scores.assign(scene=scores["image"].map(scenes))
    groups = rows[rows["scene"] != ""].groupby([*METHOD, "scene"], sort=False)
    means = groups[list(METRICS)].mean()
    means.insert(0, "queries", groups["image"].nunique())
    return means.reset_index()
