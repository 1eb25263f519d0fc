"""The tables of a small run that test differences."""

import numpy as np
import pandas as pd
import pytest
from small_results import (
    BACKBONE,
    BOUNDS,
    HANDCRAFTED,
    LABELINGS,
    LOWER_IS_BETTER,
    METHOD,
    METRICS,
    NAME,
    QUERIES,
    SETTING,
    SETTINGS,
    SHELF,
    pair,
    read_tables,
)

from project import Project


def planned() -> set[tuple[tuple[str, str, str], tuple[str, str, str]]]:
    """Return what the README says is compared with what."""
    learned = {(BACKBONE, label, of) for label in LABELINGS for of in ("pool", "output")}
    shelf = {(BACKBONE, "off_the_shelf", of) for of in ("pool", "output")}
    between = [
        ("multi_label", "single_label"),
        ("multi_label", "independent"),
        ("powerset", "independent"),
    ]
    return {
        *((one, SHELF) for one in learned),
        *(((bound, "", ""), SHELF) for bound in BOUNDS),
        *(
            ((BACKBONE, one, of), (BACKBONE, other, of))
            for one, other in between
            for of in ("pool", "output")
        ),
        *(
            (one, (name, "off_the_shelf", "histogram"))
            for one in learned | shelf
            for name in HANDCRAFTED
        ),
    }


def test_the_contrasts_have_a_row_per_planned_pair_and_metric(contrasts: pd.DataFrame) -> None:
    against = [f"against_{name}" for name in METHOD[:4]]
    assert list(contrasts.columns) == [
        *(*METHOD[:4], *against, *SETTING, "metric", "seeds", "queries"),
        *("difference", "low", "high", "p", "p_holm", "wins", "ties", "losses"),
        *("scene_low", "scene_high", "seed_low", "seed_high"),
        *("scenes", "scene_p", "scene_p_holm", "groups", "group_p", "group_p_holm"),
        *("seed_p", "seed_p_holm", "detectable"),
        *("scene_detectable", "group_detectable", "seed_detectable"),
    ]
    assert {pair(row) for _, row in contrasts.iterrows()} == planned()
    assert len(planned()) == 8 + 3 + 6 + 30
    for _, rows in contrasts.groupby(["query", "k"]):
        assert len(rows) == len(planned()) * len(METRICS)
        assert not rows.duplicated([*METHOD[:4], *against, "metric"]).any()
        assert set(rows["metric"]) == set(METRICS)


def test_the_contrasts_say_how_sure_they_are(contrasts: pd.DataFrame) -> None:
    assert (contrasts["seeds"] == 1).all()
    assert (contrasts["queries"] == QUERIES).all()
    assert (contrasts[["wins", "ties", "losses"]].sum(axis=1) == QUERIES).all()
    assert (contrasts["low"] <= contrasts["high"]).all()
    assert (contrasts["scene_low"] <= contrasts["scene_high"]).all()
    assert contrasts[["seed_low", "seed_high"]].isna().all(axis=None)
    assert contrasts["p"].between(1e-4, 1).all()
    assert (contrasts["p_holm"] >= contrasts["p"]).all()
    for _, family in contrasts.groupby(["query", "k", "metric"]):
        smallest = min(1, len(family) * family["p"].min())
        assert family["p_holm"].min() == pytest.approx(smallest, abs=1e-6 * len(family))


def test_a_difference_is_that_of_the_means(
    comparison: pd.DataFrame, contrasts: pd.DataFrame
) -> None:
    means = comparison.set_index([*NAME, *SETTING])[list(METRICS)].to_dict("index")
    for _, row in contrasts.iterrows():
        one, other = ((*method, *row[SETTING]) for method in pair(row))
        difference = means[one][row["metric"]] - means[other][row["metric"]]
        assert row["difference"] == pytest.approx(difference, abs=2e-6)


def test_wins_and_losses_are_counted_over_queries(
    scores: pd.DataFrame, contrasts: pd.DataFrame
) -> None:
    one, other = (BACKBONE, "multi_label", "pool"), ("lbp", "off_the_shelf", "histogram")
    rows = scores[(scores["query"] == "excluded") & (scores["k"] == 10)]
    by_query = rows.set_index([*NAME, "image"]).sort_index()[list(METRICS)]
    difference = by_query.loc[one] - by_query.loc[other]
    assert len(difference) == QUERIES
    rows = contrasts[(contrasts["query"] == "excluded") & (contrasts["k"] == 10)]
    rows = rows[[pair(row) == (one, other) for _, row in rows.iterrows()]].set_index("metric")
    for metric in METRICS:
        sign = np.sign(difference[metric].where(difference[metric].abs() > 2e-6, 0))
        better = -sign if metric in LOWER_IS_BETTER else sign
        counts = [(better == outcome).sum() for outcome in (1, 0, -1)]
        assert rows.loc[metric, ["wins", "ties", "losses"]].tolist() == counts


def test_the_gain_is_what_is_contrasted_with_the_pooled_features(
    small: Project, contrasts: pd.DataFrame
) -> None:
    gain = read_tables(small, "gain.csv")
    ends = {"": "difference", "_low": "low", "_high": "high", "_p": "p_holm"}
    assert list(gain.columns) == [
        *(*METHOD[:4], "over", *SETTING),
        *(f"{metric}{end}" for metric in METRICS for end in ends),
    ]
    assert len(gain) == (8 + 3) * SETTINGS
    assert (gain["over"] == BACKBONE).all()
    over = contrasts[[pair(row)[1] == SHELF for _, row in contrasts.iterrows()]]
    over = over.set_index([*METHOD, "metric"])
    for _, row in gain.iterrows():
        for metric in METRICS:
            contrast = over.loc[(*row[METHOD], metric)]
            for end, column in ends.items():
                assert row[f"{metric}{end}"] == contrast[column]
