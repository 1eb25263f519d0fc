"""Maps are reproducible and keep neighbours."""

import numpy as np
import pytest
from figure_tables import (
    ODD,
    SHELF,
    archive,
)

from rsir.reports.figures import maps
from rsir.reports.figures.maps import chosen_images, embed, groups_of, maps_figure


def test_a_map_is_the_same_each_time_and_keeps_neighbours(features) -> None:
    first, second = embed(features), embed(features)
    assert np.array_equal(first, second)
    lengths = np.geomspace(0.01, 100, 18, dtype=np.float32)[:, None]  # are normalised away
    for places in (first, embed(features * lengths)):
        distances = np.linalg.norm(places[:, None] - places, axis=2) + np.diag([np.inf] * 18)
        assert (distances.argmin(axis=1) // 6 == np.arange(18) // 6).all()


@pytest.mark.parametrize("images", [5, 6])
def test_few_images_are_mapped(features, images) -> None:
    assert np.isfinite(embed(features[:images])).all()


@pytest.mark.parametrize("value", [0, 1])
def test_equal_images_are_in_one_place(value) -> None:
    equal = np.full((18, 4), value, dtype=np.float32)
    assert np.array_equal(embed(equal), np.zeros((18, 2)))
    figure = maps_figure({("vgg16", SHELF): equal}, groups_of(archive(), np.arange(18)))
    figure.draw_without_rendering()


def test_a_map_shows_each_image_of_a_scene_in_its_style(features) -> None:
    table = archive(ODD[:3])
    pooled = {("vgg16", SHELF): features, ("vgg16", "multi_label"): features[::-1]}
    figure = maps_figure(pooled, groups_of(table, np.arange(18)))
    assert len(figure.axes) == 2
    for axes in figure.axes:
        assert [len(line.get_xdata()) for line in axes.lines] == [6, 6, 6]
        assert [text.get_text() for text in axes.texts] == ["1", "2", "3"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [f"{number}  {name}" for number, name in enumerate(sorted(ODD[:3]), 1)]
    places = embed(features)
    points = np.concatenate([line.get_xydata() for line in figure.axes[0].lines])
    number = groups_of(table, np.arange(18)).number
    assert np.allclose(points, places[np.argsort(number, kind="stable")])


def test_many_scenes_differ_in_colour_or_marker() -> None:
    looks = [maps._look(number) for number in range(63)]
    assert len({(look["color"], look["marker"]) for look in looks}) == 63


def test_without_scenes_images_are_grouped_by_number_of_labels(features) -> None:
    table = archive(["", "", ""])
    groups = groups_of(table, np.arange(18))
    counts = table[["sea", "grass", "car"]].sum(axis=1)
    expected = [f"{count} label{'' if count == 1 else 's'}" for count in counts]
    assert [groups.names[number] for number in groups.number] == expected
    figure = maps_figure({("vgg16", SHELF): features}, groups)
    assert figure.legends[0].get_title().get_text() == "number of labels"
    assert not figure.axes[0].texts


def test_of_many_test_images_the_same_ones_are_drawn(monkeypatch) -> None:
    subset = np.array(["train", "test"] * 50)
    assert list(chosen_images(subset)) == list(range(1, 100, 2))
    monkeypatch.setattr(maps, "MOST_IMAGES", 10)
    some = chosen_images(subset)
    assert len(set(some)) == 10
    assert set(some) <= set(range(1, 100, 2))
    assert np.array_equal(some, chosen_images(subset))
