"""The gain of each method over the pooled off-the-shelf features."""

import pandas as pd

from rsir.evaluation.methods import AGAINST, MODEL, OFF_THE_SHELF, POOL, SETTING
from rsir.metrics.scoring import METRICS

_GAIN_ENDS = {"difference": "", "low": "_low", "high": "_high", "p_holm": "_p"}


def gain(table: pd.DataFrame) -> pd.DataFrame:
    """Return the gain of each method over the pooled off-the-shelf features of its network.

    Parameters
    ----------
    table : DataFrame
        As `contrasts` returns it.

    Returns
    -------
    DataFrame
        A row per labeling and descriptor of a network, and per bound: the method, the network
        (`over`), then for each metric the difference, its 95 % confidence interval
        (`<metric>_low`, `<metric>_high`) and its adjusted p value (`<metric>_p`).
    """
    over, labeling, descriptor = AGAINST
    rows = table[(table[labeling] == OFF_THE_SHELF) & (table[descriptor] == POOL)]
    rows = rows.rename(columns={over: "over"})
    key = [*MODEL, "over", *SETTING]
    by_metric = []
    for metric in METRICS:
        ends = {value: f"{metric}{end}" for value, end in _GAIN_ENDS.items()}
        of_metric = rows[rows["metric"] == metric].set_index(key)
        by_metric.append(of_metric[list(ends)].rename(columns=ends))
    return pd.concat(by_metric, axis=1).reset_index()
