"""A folder per scene, whose name is the one label of its images."""

from pathlib import Path

import pytest
from image_folder import draw

from rsir.archives.folders import read_folders
from rsir.core.errors import InputError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    draw(*(tmp_path / scene / f"{number}.png" for scene in ("port", "farm") for number in (1, 0)))
    (tmp_path / "empty").mkdir()
    (tmp_path / "readme.txt").write_text("not an image")
    return tmp_path


def test_the_scene_is_the_one_label(root):
    table = read_folders(root)
    assert table.columns.tolist() == ["image", "path", "scene", "farm", "port"]
    assert table.to_numpy().tolist() == [
        ["farm/0", "farm/0.png", "farm", 1, 0],
        ["farm/1", "farm/1.png", "farm", 1, 0],
        ["port/0", "port/0.png", "port", 0, 1],
        ["port/1", "port/1.png", "port", 0, 1],
    ]


def test_unique_file_names_are_ids(tmp_path):
    draw(tmp_path / "farm" / "farm_1.jpg", tmp_path / "port" / "port_1.jpg")
    assert read_folders(tmp_path)["image"].tolist() == ["farm_1", "port_1"]


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (["farm/0.png", "1.png"], "1 of 2 images in no folder: '1.png'; put each into the folder"),
        (["0.png"], "1 of 1 images in no folder"),
        (["Images/farm/0.png", "Images/port/0.png"], "set root to "),
        (["train/farm/0.png", "test/farm/1.png"], "'test/farm', 'train/farm'; arrange the images"),
        (["farm/0.png", "port/a/0.png"], "images in folders of folders: 'port/a'"),
        (["Images/0.png", "Images/1.png"], "all 2 images are in one folder, 'Images'"),
        (["farm/0.png", "path/0.png"], "a label cannot be called 'path'; rename the folder path"),
        (["farm/0.png", "farm/0.jpg", "port/1.png"], "two images 'farm/0'"),
        ([], "no images; put a folder of images for each scene there"),
    ],
)
def test_other_layouts_are_refused_in_one_line(tmp_path, files, line):
    draw(*(tmp_path / file for file in files))
    with pytest.raises(InputError) as raised:
        read_folders(tmp_path)
    assert line in str(raised.value)
    assert str(raised.value).startswith(f"{tmp_path}: ")
    assert "\n" not in str(raised.value)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="nowhere: no such folder"):
        read_folders(tmp_path / "nowhere")
