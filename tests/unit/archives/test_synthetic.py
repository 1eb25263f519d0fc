import csv
import math
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from project import SHARED
from rsir.archives.synthetic import LABELS, SCENES, draw_tile, write_sample
from rsir.archives.synthetic_scenes.drawing import SIZE, SURFACES, Canvas, Pose

UC_MERCED = SHARED / "reference/LandUse_Multilabeled.txt"

MIDDLE = Pose(SIZE / 2, SIZE / 2)
RED, GREY, GREEN = (200.0, 20.0, 20.0), (120.0, 120.0, 120.0), (60.0, 120.0, 60.0)

# What a picture of the class cannot do without.
CORE = {
    "agricultural": {"field"},
    "airplane": {"airplane", "pavement"},
    "baseballdiamond": {"bare-soil", "grass"},
    "beach": {"sand", "sea"},
    "buildings": {"buildings"},
    "chaparral": {"bare-soil", "chaparral"},
    "denseresidential": {"buildings", "pavement"},
    "forest": {"trees"},
    "freeway": {"cars", "pavement"},
    "golfcourse": {"grass"},
    "harbor": {"dock", "ship", "water"},
    "intersection": {"pavement"},
    "mediumresidential": {"buildings", "trees"},
    "mobilehomepark": {"mobile-home", "pavement"},
    "overpass": {"pavement"},
    "parkinglot": {"cars", "pavement"},
    "river": {"water"},
    "runway": {"pavement"},
    "sparseresidential": {"buildings"},
    "storagetanks": {"tanks"},
    "tenniscourt": {"court"},
}

# What is found in no other classes.
HOMES = {
    "airplane": {"airplane"},
    "chaparral": {"chaparral", "sparseresidential"},
    "court": {"tenniscourt"},
    "dock": {"harbor"},
    "field": {"agricultural"},
    "mobile-home": {"mobilehomepark"},
    "sea": {"beach"},
    "ship": {"harbor"},
    "tanks": {"storagetanks"},
    "water": {"harbor", "river"},
}


@cache
def tile(scene: str, index: int) -> tuple[NDArray[np.uint8], frozenset[str]]:
    return draw_tile(scene, index, seed=0)


def canvas(seed: int = 0) -> Canvas:
    bare = Canvas(np.random.default_rng(seed))
    bare.ground("pavement", GREY)
    return bare


# What a canvas says is seen


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


@pytest.mark.parametrize("label", LABELS)
def test_sliver_is_not_counted(label):
    least = SURFACES[label].visible
    for area, seen in ((0.8 * least, False), (1.3 * least, True)):
        drawn = canvas()
        drawn.ground("sea" if label != "sea" else "water", GREY)
        drawn.polygon(label, RED, MIDDLE.box(math.sqrt(area), math.sqrt(area)))
        assert (label in drawn.labels()) == seen


def test_region_covers_where_its_field_is_positive():
    drawn = canvas()
    along, _ = MIDDLE.coordinates()
    drawn.region("grass", GREEN, along)
    seen = drawn.render().astype(int)
    green = seen[..., 1] > 1.25 * seen[..., 0]
    assert green[:, 136:].mean() > 0.97
    assert green[:, :120].mean() < 0.03


def test_shows_sees_what_lies_about_a_place():
    drawn = canvas()
    drawn.polygon("grass", GREEN, MIDDLE.box(60, 60))
    assert drawn.shows({"grass"}, MIDDLE, radius=20)
    assert not drawn.shows({"grass"}, MIDDLE, radius=40)
    assert drawn.shows({"grass", "pavement"}, MIDDLE, radius=40)


@pytest.mark.parametrize("seed", range(4))
def test_shadow_falls_away_from_the_sun(seed):
    drawn = canvas(seed)
    drawn.polygon("buildings", RED, MIDDLE.disc(20), height=30)
    seen = drawn.render().mean(axis=2)

    def brightness(side: int) -> float:
        x, y = (round(SIZE / 2 + side * 26 * d) for d in drawn.sun)
        return float(seen[y - 2 : y + 3, x - 2 : x + 3].mean())

    assert brightness(-1) < 0.75 * brightness(1)


def test_noise_is_standardised_and_as_wide_as_asked():
    fields = {cell: canvas().noise(cell, octaves=1) for cell in (8, 64)}
    for field in fields.values():
        assert field.mean() == pytest.approx(0, abs=1e-4)
        assert field.std() == pytest.approx(1, abs=1e-4)
    roughness = {cell: np.abs(np.diff(field)).mean() for cell, field in fields.items()}
    assert roughness[8] == pytest.approx(8 * roughness[64], rel=0.5)


# The tiles


def test_names_are_those_of_uc_merced():
    if not UC_MERCED.exists():
        pytest.skip("no label file of UC Merced")
    header, *rows = UC_MERCED.read_text().split("\n")
    assert list(LABELS) == header.split()[1:]
    assert list(SCENES) == sorted({row[: row.index("\t") - 2] for row in rows if row})


def test_tile_depends_on_its_arguments_alone():
    first = [draw_tile(scene, index, 3) for scene, index in (("river", 0), ("harbor", 1))]
    again = [draw_tile(scene, index, 3) for scene, index in (("harbor", 1), ("river", 0))]
    for (pixels, labels), (pixels_again, labels_again) in zip(first, reversed(again), strict=True):
        np.testing.assert_array_equal(pixels, pixels_again)
        assert labels == labels_again


def test_seed_changes_the_tile():
    assert not np.array_equal(draw_tile("forest", 0, 1)[0], draw_tile("forest", 0, 2)[0])


@pytest.mark.parametrize("scene", SCENES)
def test_scene_shows_its_core(scene):
    for index in range(5):
        pixels, labels = tile(scene, index)
        assert pixels.shape == (256, 256, 3)
        assert pixels.dtype == np.uint8
        assert labels >= CORE[scene]


@pytest.mark.parametrize("scene", SCENES)
def test_tiles_of_a_scene_differ(scene):
    small = [
        np.asarray(Image.fromarray(tile(scene, index)[0]).reduce(8), float) for index in range(5)
    ]
    for one, other in combinations(small, 2):
        assert np.abs(one - other).mean() > 4


@pytest.mark.parametrize("scene", SCENES)
def test_label_sets_vary_within_a_scene(scene):
    sets: set[frozenset[str]] = set()
    assert any(len(sets := sets | {tile(scene, index)[1]}) > 1 for index in range(20))


def test_labels_occur_where_they_belong():
    seen = {
        (label, scene) for scene in SCENES for index in range(5) for label in tile(scene, index)[1]
    }
    assert {label for label, _ in seen} == set(LABELS)
    for label, scenes in HOMES.items():
        assert {scene for shown, scene in seen if shown == label} <= scenes


def test_green_is_seen_where_plants_are_labelled_and_only_there():
    """Judge the labels by a vegetation index, in classes where nothing else is green."""
    outcomes: Counter[bool] = Counter()
    for scene in (
        "airplane",
        "buildings",
        "freeway",
        "intersection",
        "overpass",
        "parkinglot",
        "runway",
    ):
        for index in range(5):
            pixels, labels = tile(scene, index)
            red, green, blue = np.asarray(Image.fromarray(pixels).reduce(2), float).T
            excess_green = (2 * green - red - blue) / (red + green + blue)
            share = (excess_green > 0.08).mean()
            planted = bool(labels & {"grass", "trees"})
            outcomes[planted] += 1
            assert (share > 0.03) == planted, (scene, index, share, labels)
    assert min(outcomes[True], outcomes[False]) >= 5


def test_sea_and_sand_share_the_beach():
    """A beach has a bluish and a yellowish side, whatever the labels say."""
    for index in range(5):
        red, _, blue = tile("beach", index)[0].astype(float).transpose(2, 0, 1)
        assert (blue > red).mean() > 0.1
        assert (red > 1.1 * blue).mean() > 0.1


# The files


def test_table_matches_the_files(tmp_path):
    write_sample(tmp_path, images_per_scene=2, seed=5)
    with (tmp_path / "labels.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert list(rows[0]) == ["image", "scene", *LABELS]
    assert [row["image"] for row in rows] == [f"{s}{i:02}" for s in SCENES for i in range(2)]
    written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    images = {Path("Images", row["scene"], f"{row['image']}.png") for row in rows}
    assert written == {*images, Path("labels.csv")}
    for row in rows[::7]:
        pixels, labels = draw_tile(row["scene"], int(row["image"][-2:]), 5)
        with Image.open(tmp_path / "Images" / row["scene"] / f"{row['image']}.png") as image:
            np.testing.assert_array_equal(np.asarray(image), pixels)
        assert {label for label in LABELS if row[label] == "1"} == labels
        assert {row[label] for label in LABELS} <= {"0", "1"}


def test_more_images_per_scene_leave_the_first_as_they_are(tmp_path):
    write_sample(tmp_path / "one", images_per_scene=1, seed=0)
    write_sample(tmp_path / "two", images_per_scene=2, seed=0)
    for path in (tmp_path / "one").rglob("*.png"):
        twin = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == twin.read_bytes()
