"""Named archives of a folder per scene: RESISC45, PatternNet, RSSCN7 and EuroSAT."""

import numpy as np
import pytest

from named_archives import write_picture, write_raster
from project import SHARED
from rsir.archives.facts import archive_facts
from rsir.archives.named import read_scene_folders
from rsir.core.errors import InputError

LAYOUTS = {
    "resisc45": (
        {"kind": "resisc45"},
        ["NWPU-RESISC45/airplane/airplane_001.jpg", "NWPU-RESISC45/wetland/wetland_700.jpg"],
    ),
    "patternnet": (
        {"kind": "patternnet"},
        ["PatternNet/images/beach/beach001.jpg", "PatternNet/images/river/river001.jpg"],
    ),
    "rsscn7": ({"kind": "rsscn7"}, ["aGrass/a001.jpg", "gParking/g400.jpg"]),
    "eurosat": (
        {"kind": "eurosat", "version": "ms"},
        ["tif/Forest/Forest_1.tif", "tif/River/River_2.tif"],
    ),
    "eurosat as on Zenodo": (
        {"kind": "eurosat", "version": "ms"},
        ["EuroSAT_MS/Forest/Forest_1.tif", "EuroSAT_MS/River/River_2.tif"],
    ),
    "eurosat as in its zip file": (
        {"kind": "eurosat"},
        [
            f"ds/images/remote_sensing/otherDatasets/sentinel_2/tif/{name}.tif"
            for name in ("Forest/Forest_1", "River/River_2")
        ],
    ),
    "eurosat without a folder": (
        {"kind": "eurosat", "version": "ms"},
        ["Forest/Forest_1.tif", "River/River_2.tif"],
    ),
    "eurosat in pictures": (
        {"kind": "eurosat", "version": "rgb"},
        ["2750/Forest/Forest_1.jpg", "2750/River/River_2.jpg"],
    ),
}


def write(root, paths):
    for path in paths:
        if path.endswith(".tif"):
            write_raster(root / path, np.full((13, 4, 4), 7, np.uint16))
        else:
            write_picture(root / path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_scene_is_the_one_label(tmp_path, layout):
    settings, paths = LAYOUTS[layout]
    write(tmp_path, paths)
    listing = read_scene_folders(tmp_path, settings)
    scenes = archive_facts(settings)["scenes"]
    assert list(listing.table.columns) == ["image", "path", "scene", *scenes]
    assert listing.table["path"].tolist() == paths
    assert listing.table["image"].tolist() == [path.split("/")[-1][:-4] for path in paths]
    expected = [path.split("/")[-2] for path in paths]
    assert listing.table["scene"].tolist() == expected
    assert listing.table[scenes].idxmax(axis=1).tolist() == expected
    assert listing.table[scenes].to_numpy().sum(axis=1).tolist() == [1, 1]
    assert list(listing.attributes.columns) == ["image"]


@pytest.mark.parametrize("kind", ["eurosat", "resisc45"])
def test_the_lists_of_the_official_split_are_read(tmp_path, kind):
    settings, paths = LAYOUTS[kind]
    write(tmp_path, paths)
    first, last = (path.split("/")[-1].split(".")[0] for path in paths)
    (tmp_path / f"{kind}-train.txt").write_text(f"{last}.jpg\nBeyond_9.jpg\n")
    (tmp_path / f"{kind}-val.txt").write_text("Beyond_1.jpg\n")
    listing = read_scene_folders(tmp_path, settings)
    assert "split" not in listing.attributes  # one list is missing
    (tmp_path / f"{kind}-test.txt").write_text(f"{first}.jpg\n")
    listing = read_scene_folders(tmp_path, settings)
    assert listing.attributes["split"].tolist() == ["test", "train"]


def test_a_folder_that_is_no_scene_is_refused(tmp_path):
    write(tmp_path, ["aGrass/a001.jpg", "hMoon/h001.jpg"])
    with pytest.raises(InputError, match="'hMoon' is not a scene of RSSCN7; clone"):
        read_scene_folders(tmp_path, {"kind": "rsscn7"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "patternnet"}, "PatternNet/images: no such folder; put .* and set download"),
        ({"kind": "rsscn7"}, "aGrass: no such folder; clone"),
        ({"kind": "eurosat", "version": "rgb"}, r"2750: no such folder; put .*EuroSAT\.zip"),
    ],
)
def test_missing_folders_are_named_with_what_to_do(tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        read_scene_folders(tmp_path, settings)


def test_an_empty_folder_has_no_images(tmp_path):
    (tmp_path / "aGrass").mkdir()
    with pytest.raises(InputError, match="has no images of RSSCN7; clone"):
        read_scene_folders(tmp_path, {"kind": "rsscn7"})


def test_the_real_tiles_of_eurosat():
    root = SHARED / "data" / "eurosat_ms"
    if not root.is_dir():
        pytest.skip("the tiles of EuroSAT are not available")
    table = read_scene_folders(root, {"kind": "eurosat", "version": "ms"}).table
    assert len(table) == 60
    assert table[archive_facts({"kind": "eurosat"})["scenes"]].sum().sum() == 60
    assert set(table["scene"]) == set(archive_facts({"kind": "eurosat"})["scenes"])
