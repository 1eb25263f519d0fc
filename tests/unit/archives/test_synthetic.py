"""The synthetic scenes and the files of the sample archive."""

import csv
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
from rsir.core import processes

UC_MERCED = SHARED / "reference/LandUse_Multilabeled.txt"

# Labels of every tile of a class.
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

# Classes in which a label occurs.
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


def test_names_are_those_of_uc_merced():
    if not UC_MERCED.exists():
        pytest.skip("the label file of UC Merced is not available")
    header, *rows = UC_MERCED.read_text().split("\n")
    assert list(LABELS) == header.split()[1:]
    assert list(SCENES) == sorted({row[: row.index("\t") - 2] for row in rows if row})


def test_tile_depends_on_its_arguments_only():
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
    pairs = {
        (label, scene) for scene in SCENES for index in range(5) for label in tile(scene, index)[1]
    }
    assert {label for label, _ in pairs} == set(LABELS)
    for label, scenes in HOMES.items():
        assert {scene for other, scene in pairs if other == label} <= scenes


def test_only_tiles_labelled_with_plants_are_green():
    """Compare the labels with a vegetation index, in classes where nothing else is green."""
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
    """Each beach has bluish and yellowish pixels."""
    for index in range(5):
        red, _, blue = tile("beach", index)[0].astype(float).transpose(2, 0, 1)
        assert (blue > red).mean() > 0.1
        assert (red > 1.1 * blue).mean() > 0.1


def test_table_matches_the_files(tmp_path):
    write_sample(tmp_path, images_per_scene=2, seed=5)
    with (tmp_path / "labels.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert list(rows[0]) == ["image", "scene", *LABELS]
    assert [row["image"] for row in rows] == [f"{s}{i:02}" for s in SCENES for i in range(2)]
    files = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    images = {Path("Images", row["scene"], f"{row['image']}.png") for row in rows}
    assert files == {*images, Path("labels.csv")}
    for row in rows[::7]:
        pixels, labels = draw_tile(row["scene"], int(row["image"][-2:]), 5)
        with Image.open(tmp_path / "Images" / row["scene"] / f"{row['image']}.png") as image:
            np.testing.assert_array_equal(np.asarray(image), pixels)
        assert {label for label in LABELS if row[label] == "1"} == labels
        assert {row[label] for label in LABELS} <= {"0", "1"}


def test_more_images_per_scene_and_processes_do_not_change_the_first(tmp_path, monkeypatch):
    write_sample(tmp_path / "one", images_per_scene=1, seed=0)
    monkeypatch.setattr(processes, "CHUNK", 8)
    write_sample(tmp_path / "two", images_per_scene=2, seed=0, workers=2)
    one, two = ((tmp_path / name / "labels.csv").read_text() for name in ("one", "two"))
    assert [row for row in two.splitlines() if "01," not in row] == one.splitlines()
    for path in (tmp_path / "one").rglob("*.png"):
        counterpart = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == counterpart.read_bytes()
