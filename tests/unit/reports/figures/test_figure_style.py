"""All figures have the same style, are reproducible, and show names unchanged."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from figure_tables import (
    LABELINGS,
    NETWORKS,
    ODD,
    SHELF,
    archive,
    by_scene,
    comparison,
    contrasts,
    curve,
    curves_of,
    methods,
    table_of_thesis,
    texts,
)
from matplotlib.colors import to_hex

from rsir.reports.figures.comparison import comparison_figure
from rsir.reports.figures.contrasts import contrasts_figure
from rsir.reports.figures.cutoffs import cutoffs_figure
from rsir.reports.figures.learning import learning_figure
from rsir.reports.figures.maps import groups_of, maps_figure
from rsir.reports.figures.scenes import scenes_figure
from rsir.reports.figures.style import labeling_colours, readable, save
from rsir.reports.figures.thesis import thesis_figure


def test_a_labeling_has_the_same_colour_in_every_figure() -> None:
    assert labeling_colours([]).items() <= labeling_colours(["b", *LABELINGS, "a"]).items()
    both = labeling_colours(["b", "multi_label", "a"])
    assert len(set(both.values())) == len(both)
    assert labeling_colours(["b", "a", "c"])["a"] == both["a"]
    many = labeling_colours([f"own{number}" for number in range(40)])
    assert len(many) == 46

    colour = both["a"].upper()
    transferred = "a-from-elsewhere"
    figures = [
        comparison_figure(comparison(methods(["vgg16"], [transferred], [])), ["b", "a"]),
        contrasts_figure(contrasts(methods(["vgg16"], [transferred], [])), ["b", "a"]),
        cutoffs_figure(curves_of(archive(), [(SHELF, 0), (transferred, 0)]), 4, ["b", "a"]),
        comparison_figure(comparison(methods(["vgg16"], ["a"], [])), ["b", "a"]),
        comparison_figure(comparison(methods(NETWORKS, ["b", "a"])), ["b", "a"]),
        contrasts_figure(contrasts(methods(["vgg16"], ["a"], [])), ["b", "a"]),
        learning_figure([curve("a")], ["b", "a"]),
        cutoffs_figure(curves_of(archive(), [(SHELF, 0), ("a", 0)]), 4, ["b", "a"]),
    ]
    for figure in figures:
        used = {to_hex(line.get_color()).upper() for line in figure.axes[0].lines}
        assert colour in used


@pytest.mark.parametrize(
    ("figure", "phrase"),
    [
        (lambda: comparison_figure(comparison(methods([], [], [])), []), "nothing to compare"),
        (lambda: contrasts_figure(contrasts(methods(["vgg16"], []))[:0], []), "to be compared"),
        (lambda: contrasts_figure(only_bounds(), []), "to be compared"),
        (lambda: scenes_figure(by_scene(["port"])[:0]), "no scenes"),
        (lambda: scenes_figure(by_scene(["port"], methods([], [], []))), "no descriptors"),
        (lambda: learning_figure([], []), "fine-tunes nothing"),
        (lambda: cutoffs_figure(curves_of(archive(), []), 4, []), "nothing to plot"),
        (lambda: maps_figure({}, groups_of(archive(), np.arange(18))), "no network"),
        (lambda: maps_figure({("a", "b"): np.eye(4)}, groups_of(archive(), np.arange(4))), "5"),
        (lambda: thesis_figure(table_of_thesis()[:0], []), "no network"),
    ],
)
def test_an_empty_figure_states_why(figure, phrase, tmp_path: Path) -> None:
    empty = figure()
    assert not empty.axes
    (text,) = empty.texts
    assert phrase in text.get_text()
    save(empty, tmp_path / "note.png", tmp_path / "note.svg")
    assert (tmp_path / "note.png").stat().st_size > 1000


def only_bounds():
    table = contrasts(methods(["vgg16"], [], []))
    return table[table["labeling"] == ""]


def everything(features):
    """Return a figure of each kind, with names that contain special characters."""
    table = archive(ODD[:3], labels=ODD)
    pooled = {("vgg16", SHELF): features}
    return {
        "comparison": comparison_figure(comparison(), LABELINGS),
        "contrasts": contrasts_figure(contrasts(), LABELINGS),
        "scenes": scenes_figure(by_scene(ODD)),
        "cutoffs": cutoffs_figure(curves_of(table), 4, LABELINGS),
        "learning": learning_figure([curve("independent", ODD, valid=True)], LABELINGS),
        "maps": maps_figure(pooled, groups_of(table, np.arange(18))),
        "thesis": thesis_figure(table_of_thesis(), LABELINGS),
    }


def test_files_are_the_same_to_the_byte_each_time(features, tmp_path: Path) -> None:
    for run in ("first", "second"):
        for name, figure in everything(features).items():
            save(figure, *(tmp_path / run / f"{name}.{ending}" for ending in ("png", "svg")))
    files = sorted((tmp_path / "first").iterdir())
    assert len(files) == 14
    for file in files:
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes(), file.name
        if file.suffix == ".svg":
            ElementTree.fromstring(file.read_bytes())  # noqa: S314
            assert not re.search(r"<dc:date>", file.read_text())


def test_names_are_not_typeset(features, tmp_path: Path) -> None:
    figures = everything(features)
    for name in ("scenes", "maps"):
        for ending in ("png", "svg"):  # a lone dollar sign would not be typeset
            save(figures[name], tmp_path / f"{name}.{ending}")
        for text in figures[name].findobj(lambda one: hasattr(one, "get_parse_math")):
            assert not text.get_parse_math()
    assert set(ODD) <= set(texts(figures["scenes"]))
    # The letters of an SVG are paths, each text after a comment that holds it.
    svg = (tmp_path / "scenes.svg").read_text()
    assert "<!-- $a_b$ -->" in svg
    assert "<!-- Straße -->" in svg


def test_no_letter_is_smaller_than_eight_points_or_outside_of_its_figure(features) -> None:
    for name, figure in everything(features).items():
        figure.draw_without_rendering()
        box, inches = figure.get_tightbbox(), figure.get_size_inches()
        assert min(box.x0, box.y0) >= 0, name
        assert (box.max <= inches).all(), name
        for text in figure.findobj(lambda one: hasattr(one, "get_fontsize")):
            assert text.get_fontsize() >= 8, (name, text)


def test_unknown_names_are_kept() -> None:
    assert readable("vgg16") == "VGG16"
    assert readable("my_network-2") == "my_network-2"
