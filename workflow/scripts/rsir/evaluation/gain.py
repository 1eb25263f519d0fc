"""The gain of each method over the pooled off-the-shelf features."""

import pandas as pd

from rsir.evaluation.contrasts import FIRST, SECOND, SETTING
from rsir.evaluation.methods import OFF_THE_SHELF, POOL
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
    rows = table[(table[SECOND[1]] == OFF_THE_SHELF) & (table[SECOND[2]] == POOL)]
    rows = rows.rename(columns={SECOND[0]: "over"})
    key = [*FIRST, "over", *SETTING]
    by_metric = []
    for metric in METRICS:
        ends = {value: f"{metric}{end}" for value, end in _GAIN_ENDS.items()}
        of_metric = rows[rows["metric"] == metric].set_index(key)
        by_metric.append(of_metric[list(ends)].rename(columns=ends))
    return pd.concat(by_metric, axis=1).reset_index()
