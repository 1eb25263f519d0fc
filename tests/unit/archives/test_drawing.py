"""The canvas of synthetic scenes: labels, light and noise."""

import math

import numpy as np
import pytest

from rsir.archives.synthetic_scenes.drawing import SIZE, SURFACES, Canvas, Pose

MIDDLE = Pose(SIZE / 2, SIZE / 2)

RED, GREY, GREEN = (200.0, 20.0, 20.0), (120.0, 120.0, 120.0), (60.0, 120.0, 60.0)


def canvas(seed: int = 0) -> Canvas:
    bare = Canvas(np.random.default_rng(seed))
    bare.ground("pavement", GREY)
    return bare


def test_label_needs_visible_pixels():
    drawn = canvas()
    drawn.polygon("buildings", RED, MIDDLE.box(40, 30))
    assert drawn.labels() == {"pavement", "buildings"}


def test_hidden_object_leaves_no_label():
    drawn = canvas()
    drawn.polygon("cars", RED, MIDDLE.box(15, 7))
    drawn.polygon("trees", GREEN, MIDDLE.disc(14))
    assert drawn.labels() == {"pavement", "trees"}


def test_object_off_the_tile_leaves_no_label():
    drawn = canvas()
    drawn.polygon("cars", RED, Pose(-20, 40).box(15, 7))
    assert drawn.labels() == {"pavement"}


def test_covered_ground_leaves_no_label():
    drawn = canvas()
    drawn.ground("grass", GREEN)
    assert drawn.labels() == {"grass"}


@pytest.mark.parametrize("label", SURFACES)
def test_sliver_is_not_counted(label):
    minimum = SURFACES[label].visible
    for area, visible in ((0.8 * minimum, False), (1.3 * minimum, True)):
        drawn = canvas()
        drawn.ground("sea" if label != "sea" else "water", GREY)
        drawn.polygon(label, RED, MIDDLE.box(math.sqrt(area), math.sqrt(area)))
        assert (label in drawn.labels()) == visible


def test_region_covers_where_its_field_is_positive():
    drawn = canvas()
    along, _ = MIDDLE.coordinates()
    drawn.region("grass", GREEN, along)
    pixels = drawn.render().astype(int)
    green = pixels[..., 1] > 1.25 * pixels[..., 0]
    assert green[:, 136:].mean() > 0.97
    assert green[:, :120].mean() < 0.03


def test_shows_checks_the_surroundings_of_a_pose():
    drawn = canvas()
    drawn.polygon("grass", GREEN, MIDDLE.box(60, 60))
    assert drawn.shows({"grass"}, MIDDLE, radius=20)
    assert not drawn.shows({"grass"}, MIDDLE, radius=40)
    assert drawn.shows({"grass", "pavement"}, MIDDLE, radius=40)


@pytest.mark.parametrize("seed", range(4))
def test_shadow_falls_away_from_the_sun(seed):
    drawn = canvas(seed)
    drawn.polygon("buildings", RED, MIDDLE.disc(20), height=30)
    grey = drawn.render().mean(axis=2)

    def brightness(side: int) -> float:
        x, y = (round(SIZE / 2 + side * 26 * d) for d in drawn.sun)
        return float(grey[y - 2 : y + 3, x - 2 : x + 3].mean())

    assert brightness(-1) < 0.75 * brightness(1)


def test_noise_is_standardised_and_has_the_cell_size():
    fields = {cell: canvas().noise(cell, octaves=1) for cell in (8, 64)}
    for field in fields.values():
        assert field.mean() == pytest.approx(0, abs=1e-4)
        assert field.std() == pytest.approx(1, abs=1e-4)
    roughness = {cell: np.abs(np.diff(field)).mean() for cell, field in fields.items()}
    assert roughness[8] == pytest.approx(8 * roughness[64], rel=0.5)
