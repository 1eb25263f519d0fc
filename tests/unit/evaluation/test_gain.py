"""The gain table repeats the contrasts with the pooled off-the-shelf features."""

import numpy as np
import pandas as pd
import pytest
from contrast_tables import (
    BOUNDS,
    FIRST,
    LBP,
    METHODS,
    ORACLE,
    RANDOM,
    SECOND,
    rows,
    simulated,
    table_of,
    two_seeds,
)

from rsir.evaluation.gain import gain
from rsir.evaluation.tables import write_table
from rsir.metrics.scoring import METRICS

pytestmark = pytest.mark.usefixtures("little_to_collect")


@pytest.fixture(scope="module")
def of_two_networks() -> pd.DataFrame:
    methods = [
        *METHODS,
        ("vgg16", "multi_label", "output"),
        ("resnet50", "off_the_shelf", "pool"),
        ("resnet50", "off_the_shelf", "output"),
        ("resnet50", "multi_label", "output"),
        LBP,
        RANDOM,
        ORACLE,
    ]
    rng = np.random.default_rng(12)
    return table_of(simulated(rng, methods, queries=20, seeds=2, cutoffs=(5, 10)))


def test_gain_has_a_row_per_method_and_bound_over_each_network(of_two_networks):
    table = gain(of_two_networks)
    assert list(table.columns) == [
        *("backbone", "labeling", "trained_on", "descriptor", "over", "query", "duplicates", "k"),
        *(f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high", "_p")),
    ]
    key = [*FIRST, "over", "query", "duplicates"]
    methods = list(table[table["k"] == 5][key].itertuples(index=False, name=None))
    setting = ("excluded", "kept")
    expected = [
        *((*one, "vgg16", *setting) for one in METHODS[1:]),
        ("vgg16", "multi_label", "output", "vgg16", *setting),
        ("resnet50", "multi_label", "output", "resnet50", *setting),
        *((*bound, network, *setting) for network in ("vgg16", "resnet50") for bound in BOUNDS),
    ]
    assert sorted(methods) == sorted(expected)
    assert len(table) == 2 * len(expected)


def test_gain_repeats_the_numbers_of_the_contrasts(of_two_networks):
    key = [*FIRST, *SECOND, "query", "k", "metric"]
    expected = of_two_networks.set_index(key)[["difference", "low", "high", "p_holm"]]
    expected = dict(zip(expected.index, expected.to_numpy().tolist(), strict=True))
    for row in gain(of_two_networks).to_dict("records"):
        pair = (*(row[name] for name in FIRST), row["over"], "off_the_shelf", "pool")
        for metric in METRICS:
            values = [row[f"{metric}{end}"] for end in ("", "_low", "_high", "_p")]
            assert values == expected[(*pair, row["query"], row["k"], metric)]


def test_gain_is_the_same_of_contrasts_that_were_written(of_two_networks, tmp_path):
    write_table(tmp_path / "contrasts.csv", of_two_networks)
    read = gain(pd.read_csv(tmp_path / "contrasts.csv"))
    expected = gain(of_two_networks)
    texts = [*FIRST, "over"]
    assert read[texts].fillna("").to_numpy().tolist() == expected[texts].to_numpy().tolist()
    numbers = expected.columns[8:]
    assert read[numbers].to_numpy() == pytest.approx(expected[numbers].to_numpy(), abs=5e-7)


def test_a_run_without_pairs_has_empty_tables_with_the_same_columns(tmp_path):
    table = table_of([rows(LBP, [[0.1, 0.2, 0.3, 0.4]]), rows(RANDOM, [[0, 0, 0, 0]])])
    assert len(table) == 0
    assert list(table.columns) == list(table_of(two_seeds()).columns)
    write_table(tmp_path / "contrasts.csv", table)
    gained = gain(pd.read_csv(tmp_path / "contrasts.csv"))
    assert len(gained) == 0
    assert list(gained.columns) == list(gain(table_of(two_seeds())).columns)
