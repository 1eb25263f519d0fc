"""The pairs of methods that are compared."""

import pytest
from contrast_tables import (
    LBP,
    METHODS,
    MULTI,
    ORACLE,
    POWERSET,
    RANDOM,
    SHELF,
    SINGLE,
)

from rsir.core.errors import InputError
from rsir.evaluation.planned import default_pairs as planned
from rsir.evaluation.planned import planned_pairs


def test_every_planned_pair_by_hand():
    of_vgg = [
        ("vgg16", labeling, descriptor)
        for labeling in ("off_the_shelf", "single_label", "multi_label", "independent", "powerset")
        for descriptor in ("pool", "output")
    ]
    expected = {(one, SHELF) for one in of_vgg[2:]}
    for descriptor in ("pool", "output"):
        multi, single, independent, powerset = (
            ("vgg16", labeling, descriptor)
            for labeling in ("multi_label", "single_label", "independent", "powerset")
        )
        expected |= {(multi, single), (multi, independent), (powerset, independent)}
    expected |= {(one, LBP) for one in of_vgg}  # including the off-the-shelf output
    expected |= {(RANDOM, SHELF), (ORACLE, SHELF)}
    pairs = planned([*of_vgg, LBP, RANDOM, ORACLE])
    assert set(pairs) == expected
    assert len(pairs) == len(expected) == 8 + 6 + 10 + 2


def test_networks_are_not_compared_with_each_other():
    resnet = [("resnet50", *one[1:]) for one in METHODS]
    pairs = planned([*METHODS, *resnet, LBP, RANDOM])
    networks = {"vgg16", "resnet50"}
    assert all(
        first[0] == second[0] for first, second in pairs if {first[0], second[0]} <= networks
    )
    # A bound is compared with each network; a handcrafted baseline is never the first method.
    assert {pair for pair in pairs if pair[0] == RANDOM} == {(RANDOM, SHELF), (RANDOM, resnet[0])}
    assert [pair for pair in pairs if pair[0] == LBP] == []
    colors = ("color_histogram", "off_the_shelf", "histogram")
    assert planned([LBP, colors, RANDOM, ORACLE]) == []


def test_methods_that_are_not_in_the_run_are_not_planned():
    assert planned([SHELF, MULTI]) == [(MULTI, SHELF)]
    assert planned([MULTI, SINGLE, RANDOM]) == [(MULTI, SINGLE)]
    assert planned([SHELF, POWERSET, SINGLE]) == [(POWERSET, SHELF), (SINGLE, SHELF)]
    assert planned([MULTI, LBP]) == [(MULTI, LBP)]
    output = ("vgg16", "single_label", "output")
    assert planned([MULTI, output]) == []
    assert planned([SHELF]) == planned([RANDOM, ORACLE]) == planned([]) == []


def test_a_custom_labeling_is_compared_with_the_shelf_and_the_baselines():
    custom = ("vgg16", "multi_label_sgd", "pool")
    pairs = planned(iter([SHELF, custom, MULTI, SINGLE, LBP]))
    assert [second for first, second in pairs if first == custom] == [SHELF, LBP]
    assert [pair for pair in pairs if pair[1] == custom] == []


RUN = [
    (network, labeling, descriptor)
    for network in ("vgg16", "resnet50")
    for labeling in ("off_the_shelf", "multi_label")
    for descriptor in ("pool", "output")
] + [LBP, RANDOM, ORACLE]


def test_a_star_on_both_sides_stands_for_the_same_value():
    pairs = planned_pairs([["*/multi_label/*", "*/off_the_shelf/*"]], RUN)
    assert pairs == [
        ((network, "multi_label", descriptor), (network, "off_the_shelf", descriptor))
        for network in ("vgg16", "resnet50")
        for descriptor in ("pool", "output")
    ]


def test_a_star_on_one_side_stands_for_every_method_but_the_other():
    networks = planned_pairs([["resnet50/*/output", "vgg16/*/output"]], RUN)
    assert [first[1] for first, _ in networks] == ["off_the_shelf", "multi_label"]
    against = planned_pairs([["*/*/*", "resnet50/multi_label/output"]], RUN)
    assert [first for first, _ in against] == [
        one for one in RUN[:-2] if one != ("resnet50", "multi_label", "output")
    ]
    assert planned_pairs([["label oracle", "*/multi_label/pool"]], RUN) == [
        (ORACLE, MULTI),
        (ORACLE, ("resnet50", "multi_label", "pool")),
    ]


def test_each_pair_is_planned_once_and_patterns_replace_the_default():
    pairs = planned_pairs([["vgg16/multi_label/pool", "vgg16/off_the_shelf/pool"]] * 2, RUN)
    assert pairs == [(MULTI, SHELF)]
    assert planned_pairs([], RUN) == []
    assert planned_pairs(None, RUN) == planned(RUN)


def test_a_reference_adds_a_comparison_with_each_method():
    reference = "vgg16/multi_label/output"
    pairs = planned_pairs([], RUN, reference)
    assert {first for first, _ in pairs} == set(RUN[:-2]) - {tuple(reference.split("/"))}
    assert {second for _, second in pairs} == {tuple(reference.split("/"))}
    own = planned_pairs([], RUN, "*/off_the_shelf/pool")
    assert (MULTI, SHELF) in own
    assert all(first[0] == second[0] for first, second in own)
    assert len(own) == 6


def test_what_some_archives_lack_may_match_nothing():
    patterns = [["scene oracle", "*/*/*"], ["*/multi_label-from-aid/pool", "*/*/pool"]]
    assert planned_pairs(patterns, RUN) == []
    assert planned_pairs([], RUN, "vgg16/multi_label-from-aid/pool") == []


def test_some_methods_of_a_run_may_match_nothing():
    patterns = [["*/multi_label/pool", "*/off_the_shelf/pool"], ["*/*/pool", "*/off_the_shelf/*"]]
    transferred = ("vgg16", "multi_label-from-aid", "pool")
    methods = [transferred, SHELF]
    pairs = planned_pairs(patterns, methods, "vgg16/multi_label/pool", partial=True)
    assert pairs == [(transferred, SHELF)]


@pytest.mark.parametrize(
    ("patterns", "reference", "key"),
    [
        ([["*/multi_label/pool", "*/off_the_shelf/pool"], ["*/*/pol", "lbp/*/*"]], None, "1"),
        ([["vgg16/multi_label/pool", "vgg16/multi_label/pool"]], None, "contrasts.0"),
        ([["random", "*/powerset/*"]], None, "random, */powerset/*"),
        (None, "vgg16/powerset/pool", "evaluation.reference: vgg16/powerset/pool"),
    ],
)
def test_what_matches_nothing_is_refused_in_one_line(patterns, reference, key):
    with pytest.raises(InputError, match="of the run") as error:
        planned_pairs(patterns, RUN, reference)
    assert key in str(error.value)
    assert "vgg16/off_the_shelf/pool" in str(error.value)
    assert "\n" not in str(error.value)
