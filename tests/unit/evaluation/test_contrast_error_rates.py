"""Error rates and power of the contrasts on simulated scores."""

import numpy as np
import pandas as pd
import pytest
from contrast_tables import (
    FIRST,
    METHODS,
    SECOND,
    pairs_of,
    rows,
    simulated,
    table_of,
)
from scipy import stats

from rsir.metrics.scoring import METRICS

pytestmark = pytest.mark.usefixtures("little_to_collect")


@pytest.fixture(scope="module")
def without_difference() -> pd.DataFrame:
    """Contrasts of 220 independent runs: a metric at a cutoff is one."""
    return table_of(simulated(np.random.default_rng(10), queries=50, cutoffs=range(1, 21)))


def test_of_runs_without_a_difference_5_percent_claim_one(without_difference):
    least = without_difference.groupby(["metric", "k"])[["p", "p_holm"]].min()
    assert len(least) == 220
    error = np.sqrt(0.05 * 0.95 / len(least))
    assert (least["p_holm"] <= 0.05).mean() <= 0.05 + 3 * error
    # Without the correction the rate is higher.
    assert (least["p"] <= 0.05).mean() > 0.05 + 3 * error


def test_each_contrast_without_a_difference_has_an_even_p(without_difference):
    for pair in pairs_of(without_difference):
        of_pair = (without_difference[FIRST + SECOND] == [*pair[0], *pair[1]]).all(axis=1)
        p = without_difference[of_pair]["p"]
        assert (p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p))
        assert stats.kstest(p, "uniform").pvalue > 0.001
        inside = (without_difference[of_pair]["low"] <= 0) & (
            without_difference[of_pair]["high"] >= 0
        )
        assert 0.90 <= inside.mean() <= 0.98


def test_a_true_difference_is_significant():
    rng = np.random.default_rng(11)
    parts = simulated(rng, queries=100, cutoffs=range(1, 21))
    for part in parts:
        if part["labeling"].iloc[0] == "multi_label":
            part[list(METRICS)] += 0.05
    table = table_of(parts)
    claimed = (table["p_holm"] <= 0.05) & (table["difference"] > 0)
    planted = (table["labeling"] == "multi_label").to_numpy()
    assert planted.sum() == 3 * 220
    assert claimed[planted].groupby(table["against_labeling"]).mean().min() >= 0.95
    # The other contrasts have an error rate of at most 5 %.
    least = table[~planted].groupby(["metric", "k"])["p_holm"].min()
    assert (least <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(least))


def test_many_contrasts_do_not_hide_a_clear_difference():
    rng = np.random.default_rng(9)
    baselines = [(f"histogram {number}", "off_the_shelf", "histogram") for number in range(26)]
    table = table_of(
        [
            *simulated(rng, baselines, queries=24),
            *(rows(one, rng.normal(0.9, 0.02, (1, 24, len(METRICS)))) for one in METHODS),
        ]
    )
    against = table[table["against_descriptor"] == "histogram"]
    assert len(pairs_of(against)) == 130
    assert len(pairs_of(table)) == 137
    # With 9,999 flips no adjusted p value would be below 0.0137.
    assert (against["p_holm"] <= 0.01).all()
