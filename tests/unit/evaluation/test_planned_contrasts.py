"""The pairs of methods that are compared."""

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

from rsir.evaluation.contrasts import planned


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
