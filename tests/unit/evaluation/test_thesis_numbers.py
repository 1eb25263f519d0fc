"""The published numbers, and how ours are put beside them."""

import pandas as pd
import pytest

from rsir.evaluation.thesis_numbers import METRICS, PUBLISHED, thesis_table


def comparison(*methods: tuple[str, str, str, str, int]) -> pd.DataFrame:
    """Return a comparison in which every score of a method is 0.5 in 0.4 to 0.6."""
    table = pd.DataFrame(methods, columns=["backbone", "labeling", "descriptor", "query", "k"])
    table["archive"], table["trained_on"] = "ucmerced", ""
    tuned = table["labeling"] != "off_the_shelf"
    table.loc[tuned, "trained_on"] = "ucmerced"
    table["duplicates"] = "kept"
    for metric in METRICS:
        table[[metric, f"{metric}_low", f"{metric}_high"]] = [0.5, 0.4, 0.6]
    return table


ALL = [
    (backbone, labeling, descriptor, query, k)
    for backbone in ("vgg16", "inception_v3", "resnet50", "efficientnet_lite0")
    for labeling in ("off_the_shelf", "single_label", "multi_label", "powerset")
    for descriptor in ("pool", "output")
    for query in ("excluded", "included")
    for k in (5, 20)
]


@pytest.mark.parametrize(
    ("method", "percent"),
    [
        (("vgg16", "off_the_shelf"), (58.22, 69.40, 69.95)),
        (("inception_v3", "off_the_shelf"), (52.15, 63.08, 62.64)),
        (("resnet50", "single_label"), (72.06, 82.33, 81.91)),
        (("resnet50", "multi_label"), (72.51, 82.18, 83.05)),
    ],
)
def test_published_numbers(method, percent):
    assert PUBLISHED[method] == percent


def test_gains_are_those_of_table_5_4():
    base = PUBLISHED["resnet50", "off_the_shelf"]
    for labeling, gains in (
        ("single_label", (5.17, 6.06, 3.85)),
        ("multi_label", (5.62, 5.91, 4.99)),
    ):
        tuned = PUBLISHED["resnet50", labeling]
        assert [b - a for a, b in zip(base, tuned, strict=True)] == pytest.approx(gains)


def test_each_number_of_the_thesis_is_compared_once():
    table = thesis_table(comparison(*ALL))
    assert len(table) == 3 * 3 * 3
    assert not table.duplicated(["backbone", "labeling", "metric"]).any()
    last = table.iloc[-1]  # in the order of the thesis
    assert tuple(last[["backbone", "labeling", "metric"]]) == ("resnet50", "multi_label", "recall")
    assert tuple(last[["ours", "ours_low", "ours_high"]]) == (0.5, 0.4, 0.6)
    assert last["thesis"] == pytest.approx(0.8305)
    assert last["difference"] == pytest.approx(0.5 - 0.8305)
    assert (table["differs"] != "").all()


def test_descriptors_are_pooled_features_off_the_shelf_and_outputs_fine_tuned():
    table = thesis_table(comparison(*ALL))
    off_the_shelf = table["labeling"] == "off_the_shelf"
    assert set(table["descriptor"][off_the_shelf]) == {"pool"}
    assert set(table["descriptor"][~off_the_shelf]) == {"output"}


def test_only_the_protocol_of_the_thesis_is_compared():
    other = comparison(
        ("vgg16", "off_the_shelf", "pool", "included", 20),
        ("vgg16", "single_label", "output", "excluded", 20),
        ("vgg16", "multi_label", "output", "included", 5),
        ("resnet50", "off_the_shelf", "output", "included", 20),
    )
    assert set(thesis_table(other)["labeling"]) == {"off_the_shelf"}
    assert set(thesis_table(other)["backbone"]) == {"vgg16"}


def test_methods_that_were_not_run_are_left_out():
    table = thesis_table(comparison(("efficientnet_lite0", "powerset", "output", "included", 20)))
    assert len(table) == 0
    assert list(table.columns) == list(thesis_table(comparison(*ALL)).columns)
