import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rsir.archives.archive_table import (
    has_scenes,
    label_matrix,
    label_names,
    read_archive,
    write_archive,
)
from rsir.archives.image_files import describe_images
from rsir.archives.label_table import read_table
from rsir.core.errors import InputError


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "images"
    draw(folder / "001.png", folder / "north" / "NA.JPG", folder / "south" / "c.d.tiff")
    draw(folder / ".thumbnails" / "001.png", folder / "south" / ".c.d.png")
    (folder / "notes.txt").write_text("no image")
    return folder


def draw(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (5, 3), "green").save(path)


def labels(root: Path, content: str | bytes) -> Path:
    path = root.parent / "labels.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(root: Path, content: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_table(root, labels(root, content))
    message = str(caught.value)
    assert "labels.csv: " in message
    assert "\n" not in message
    return message


def test_a_table_is_read_in_its_order(root):
    path = labels(root, "image,scene,sea,bare soil\nNA,x,1,0\nc.d.tiff,y,0,0\n001.png,x,1,1\n")
    table = read_table(root, path)
    assert list(table.columns) == ["image", "path", "scene", "sea", "bare soil"]
    assert table.to_numpy().tolist() == [
        ["NA", "north/NA.JPG", "x", 1, 0],
        ["c.d", "south/c.d.tiff", "y", 0, 0],
        ["001", "001.png", "x", 1, 1],
    ]


@pytest.mark.parametrize(
    "content",
    [
        "image,sea\n001,1\nNA,0\nc.d,1\n",
        "\ufeffimage,sea\r\n001,1\r\nNA,0\r\nc.d,1\r\n\r\n",
        'image, sea\n"001", 1\nNA ,0\n c.d,1',
        "sea,scene,image\n1,,001\n0,,NA\n1,,c.d\n",
    ],
)
def test_a_table_may_be_written_in_several_ways(root, content):
    table = read_table(root, labels(root, content))
    assert table[["image", "scene", "sea"]].to_numpy().tolist() == [
        ["001", "", 1],
        ["NA", "", 0],
        ["c.d", "", 1],
    ]


def test_an_archive_survives_its_file(root, tmp_path):
    path = labels(root, 'image,scene,"sea, open",land\n001,nan,1,0\nNA,NA,0,0\nc.d,007,1,1\n')
    table = describe_images(read_table(root, path), root, workers=2)
    write_archive(table, tmp_path / "results" / "archive.csv")
    archive = read_archive(tmp_path / "results" / "archive.csv")
    pd.testing.assert_frame_equal(archive, table)
    assert archive["image"].tolist() == ["001", "NA", "c.d"]
    assert archive["scene"].tolist() == ["nan", "NA", "007"]
    assert label_names(archive) == ["sea, open", "land"]
    assert np.array_equal(label_matrix(archive), [[True, False], [False, False], [True, True]])
    assert label_matrix(archive).dtype == bool
    assert has_scenes(archive)


def test_an_archive_without_scenes(root, tmp_path):
    table = read_table(root, labels(root, "image,sea\n001,1\nNA,0\nc.d,1\n"))
    write_archive(describe_images(table, root, workers=1), tmp_path / "archive.csv")
    assert not has_scenes(read_archive(tmp_path / "archive.csv"))


def test_images_are_described(root):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    Image.new("RGB", (9, 2)).save(root / "001.png", exif=exif)
    table = read_table(root, labels(root, "image,sea\n001,1\nNA,0\nc.d,1\n"))
    described = describe_images(table, root, workers=2)
    assert list(described.columns[:6]) == ["image", "path", "scene", "width", "height", "sha256"]
    assert described[["width", "height"]].to_numpy().tolist() == [[2, 9], [5, 3], [5, 3]]
    assert described["sha256"].tolist() == [
        hashlib.sha256((root / path).read_bytes()).hexdigest() for path in table["path"]
    ]


def test_an_image_that_cannot_be_decoded_is_named(root):
    (root / "north" / "NA.JPG").write_bytes(b"no image")
    table = read_table(root, labels(root, "image,sea\n001,1\nNA,0\nc.d,1\n"))
    with pytest.raises(InputError, match=r"north/NA\.JPG: not an image"):
        describe_images(table, root, workers=2)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "empty"),
        ("image,sea\n", "no rows"),
        ("image,sea\n001,1\nNA,\xe9\n".encode("latin-1"), "not UTF-8"),
        ("image,sea\n001,1\n".encode("utf-16"), "not UTF-8"),
        ("image,sea\n001,1\nNA,1,0\n", "line 3"),
        ("file,sea\n001,1\n", "no column 'image' among 'file', 'sea'"),
        ("image;sea\n001;1\n", "separated by ','"),
        ("image,scene\n001,x\n", "no label columns"),
        ("image,sea,land,sea\n001,1,0,1\n", "two columns 'sea'"),
        ("image,sea,\n001,1,\n", "column 3 has no name"),
        ("image,sea,width\n001,1,0\n", "a label cannot be called 'width'"),
        ("image,sea\n001,1\nNA,0\n001.png,1\n", "rows 1 and 3 both name image '001'"),
        ("image,sea\n001,1\n,0\n", "row 2: no image is named"),
        ("image,sea\n001,1\nNA,0\nc.d,1\ne,1\nf,1\n", "2 of 5 rows without an image: 'e', 'f'"),
        ("image,sea\nc.d,1\n", "2 of 3 images without a row: '001', 'NA'"),
        ("image,sea,land\n001,1,0\nNA,1,2\n", "row 2 ('NA'), column 'land': '2' is neither"),
        ("image,sea\n001,1\nNA,\n", "row 2 ('NA'), column 'sea': '' is neither"),
        ("image,sea,land\n001,1,0\nNA,1\n", "row 2 ('NA'), column 'land': '' is neither"),
        ("image,sea\n001,1.0\n", "row 1 ('001'), column 'sea': '1.0' is neither"),
        ("image,scene,sea\n001,x,1\nNA,,1\nc.d,,1\n", "2 of 3 rows without a scene, first that"),
    ],
)
def test_a_bad_table_is_refused(root, content, expected):
    assert expected in refused(root, content)


def test_many_names_are_cut_short(root):
    rows = "".join(f"x{number},1\n" for number in range(50))
    assert "50 of 50 rows without an image: 'x0', 'x1', 'x2', …;" in refused(
        root, f"image,sea\n{rows}"
    )


def test_missing_paths_are_refused(root, tmp_path):
    path = labels(root, "image,sea\n001,1\n")
    with pytest.raises(InputError, match="nowhere: no such folder"):
        read_table(tmp_path / "nowhere", path)
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        read_table(root, tmp_path / "none.csv")


@pytest.mark.parametrize("other", ["001.jpg", "south/001.png"])
def test_two_files_of_one_id_are_refused(root, other):
    draw(root / other)
    first, second = sorted(["001.png", other])
    with pytest.raises(InputError, match=f"two images '001', {first} and {second}"):
        read_table(root, labels(root, "image,sea\n001,1\nNA,0\nc.d,1\n"))


def test_links_may_not_leave_the_root(root, tmp_path):
    path = labels(root, "image,sea\n001,1\nNA,0\nc.d,1\n")
    draw(tmp_path / "outside" / "e.png")
    link = root / "e.png"
    for target in (tmp_path / "outside" / "e.png", tmp_path / "outside"):
        link.symlink_to(target)
        with pytest.raises(InputError, match=r"e\.png: leads out of .* by a symbolic link"):
            read_table(root, path)
        link.unlink()


def test_a_root_that_is_a_link_is_followed_and_a_link_to_a_folder_inside_is_not(root, tmp_path):
    path = labels(root, "image,sea\n001,1\nNA,0\nc.d,1\n")
    (root / "again").symlink_to(root / "north")
    (tmp_path / "link").symlink_to(root)
    assert read_table(tmp_path / "link", path)["path"][1] == "north/NA.JPG"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("image,subset\na,train\n", "does not begin with the columns image, path"),
        ("image,path,scene,width,height,sha256,sea\na,a.png,,1,1,00,2\n", "column 'sea': '2'"),
    ],
)
def test_a_file_that_is_no_archive_is_refused(tmp_path, content, expected):
    path = tmp_path / "archive.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=expected):
        read_archive(path)
