"""Label tables, valid and invalid."""

from pathlib import Path

import pytest
from image_folder import write_labels

from rsir.archives.label_table import read_table
from rsir.core.errors import InputError


def message_of_refusal(image_root: Path, content: str | bytes) -> str:
    with pytest.raises(InputError) as raised:
        read_table(image_root, write_labels(image_root, content))
    message = str(raised.value)
    assert "labels.csv: " in message
    assert "\n" not in message
    return message


def test_a_table_is_read_in_its_order(image_root):
    path = write_labels(
        image_root, "image,scene,sea,bare soil\nNA,x,1,0\nc.d.tiff,y,0,0\n001.png,x,1,1\n"
    )
    table = read_table(image_root, path).table
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
def test_equivalent_tables_are_read_the_same(image_root, content):
    table = read_table(image_root, write_labels(image_root, content)).table
    assert table[["image", "scene", "sea"]].to_numpy().tolist() == [
        ["001", "", 1],
        ["NA", "", 0],
        ["c.d", "", 1],
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "empty"),
        ("image,sea\n", "no rows"),
        ("image,sea\n001,1\nNA,\xe9\n".encode("latin-1"), "not UTF-8"),
        ("image,sea\n001,1\n".encode("utf-16-le"), "has zero bytes"),
        ("image,sea\n001,1\nNA,1,0\n", "line 3"),
        ("what,sea\n001,1\n", "no column 'image' among 'what', 'sea'"),
        ("image,scene\n001,x\n", "no label columns"),
        ("image,sea,land,sea\n001,1,0,1\n", "two columns 'sea'"),
        ("image,sea,\n001,1,x\n", "column 3 has no name"),
        ("image,sea,width\n001,1,0\n", "a label cannot be called 'width'"),
        ("image,sea\n001,1\nNA,0\n001.png,1\n", "rows 1 and 3 both name image '001'"),
        ("image,sea\n001,1\n,0\n", "row 2: no image is named"),
        ("image,sea\n001,1\nNA,0\nc.d,1\ne,1\nf,1\n", "2 of 5 rows without an image: 'e', 'f'"),
        ("image,sea\nc.d,1\n", "2 of 3 images without a row: '001', 'NA'"),
        ("image,sea,land\n001,1,0\nNA,1,2\n", "row 2 ('NA'), column 'land': '2' is neither"),
        ("image,sea\n001,1\nNA,\nc.d,0\n", "row 2 ('NA'), column 'sea': '' is neither"),
        ("image,sea,land\n001,1,0\nNA,1\n", "line 3 has 2 of 3 cells"),
        ("image,sea\n001,1\nNA,0.5\n", "row 2 ('NA'), column 'sea': '0.5' is neither"),
        ("image,scene,sea\n001,x,1\nNA,,1\nc.d,,1\n", "2 of 3 rows without a scene, first that"),
    ],
)
def test_a_bad_table_is_refused(image_root, content, expected):
    assert expected in message_of_refusal(image_root, content)


def test_long_lists_of_names_are_shortened(image_root):
    rows = "".join(f"x{number},1\n" for number in range(50))
    assert "50 of 50 rows without an image: 'x0', 'x1', 'x2', …;" in message_of_refusal(
        image_root, f"image,sea\n{rows}"
    )


def test_missing_paths_are_refused(image_root, tmp_path):
    path = write_labels(image_root, "image,sea\n001,1\n")
    with pytest.raises(InputError, match="nowhere: no such folder"):
        read_table(tmp_path / "nowhere", path)
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        read_table(image_root, tmp_path / "none.csv")
