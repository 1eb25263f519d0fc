"""MLRSNet: tables with columns in any order, and the labels of the version with errors."""

import logging

import pytest

from named_archives import write_picture
from project import SHARED
from rsir.archives.facts import archive_facts
from rsir.archives.mlrsnet import label_flaws, read_mlrsnet, read_scene_labels
from rsir.core.errors import InputError

FACTS = archive_facts({"kind": "mlrsnet"})
LABELS = FACTS["labels"]
REAL = SHARED / "data" / "mlrsnet"


def table_text(rows, names=LABELS, end="\r\n"):
    lines = [",".join(["image", *names])]
    lines += [",".join([image, *(str(int(n in of)) for n in names)]) for image, of in rows.items()]
    return end.join([*lines, ""])


@pytest.fixture
def root(tmp_path):
    scenes = {
        "stadium": {"stadium_00001.jpg": ["stadium", "track"], "stadium_00002.jpg": ["stadium"]},
        "harbor&port": {"harbor&port_00001.jpg": ["habor", "snowberg"]},
    }
    (tmp_path / "labels").mkdir()
    for scene, rows in scenes.items():
        (tmp_path / "labels" / f"{scene}.csv").write_text(table_text(rows), newline="")
        for image in rows:
            write_picture(tmp_path / "Images" / scene / image)
    return tmp_path


def test_scenes_are_read_by_the_names_of_their_columns(root, caplog):
    rows = {"stadium_00001.jpg": ["stadium", "track"], "stadium_00002.jpg": ["stadium"]}
    (root / "labels" / "stadium.csv").write_text(table_text(rows, [*LABELS[7:], *LABELS[:7]]))
    with caplog.at_level(logging.WARNING):
        table = read_mlrsnet(root, {"kind": "mlrsnet"}).table
    assert list(table.columns) == ["image", "path", "scene", *LABELS]
    assert table["image"].tolist() == ["harbor&port_00001", "stadium_00001", "stadium_00002"]
    assert table["scene"].tolist() == ["harbor&port", "stadium", "stadium"]
    assert table["path"].iloc[0] == "Images/harbor&port/harbor&port_00001.jpg"
    assert [[n for n in LABELS if row[n]] for _, row in table.iterrows()] == [
        ["habor", "snowberg"],
        ["stadium", "track"],
        ["stadium"],
    ]
    assert caplog.text == ""


def test_an_empty_header_cell_is_snowberg(root):
    path = root / "labels" / "harbor&port.csv"
    path.write_text(path.read_text().replace("snowberg", ""))
    table = read_mlrsnet(root, {"kind": "mlrsnet"}).table
    assert table["snowberg"].tolist() == [1, 0, 0]


def test_labels_of_the_version_with_errors_are_reported(root, caplog):
    rows = {"stadium_00001.jpg": LABELS[:14], "stadium_00002.jpg": ["track"]}
    (root / "labels" / "stadium.csv").write_text(table_text(rows))
    with caplog.at_level(logging.WARNING):
        read_mlrsnet(root, {"kind": "mlrsnet"})
    assert "1 of 2 images of stadium have more than 13 labels; unpack" in caplog.text
    assert "none of 2 images of stadium has the label 'stadium'" in caplog.text


FLAWS = {
    "an unknown label": ("stadium.csv", "track", "trak", "'trak'.*; get another copy"),
    "a label twice": ("stadium.csv", "track", "trail", "60 labels of MLRSNet"),
    "no image column": ("stadium.csv", "image", "file", "columns are not image and the 60 labels"),
    "two empty cells": ("stadium.csv", "track,trail", ",", "60 labels of MLRSNet"),
    "neither 0 nor 1": ("stadium.csv", "1,0", "x,0", "'x' is neither 0 nor 1"),
    "a row too long": ("stadium.csv", "_00001.jpg,", "_00001.jpg,0,", "row 1 has not 61 columns"),
    "an image without a row": (
        "stadium.csv",
        "stadium_00001.jpg",
        "stadium_3.jpg",
        "1 of 3 rows without an image",
    ),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_of_a_table_is_one_line(root, flaw):
    file, old, new, message = FLAWS[flaw]
    path = root / "labels" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=message) as raised:
        read_mlrsnet(root, {"kind": "mlrsnet"})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe1", b"image\n"])
def test_a_file_that_is_no_table_is_refused(root, content):
    (root / "labels" / "stadium.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"stadium\.csv: "):
        read_mlrsnet(root, {"kind": "mlrsnet"})


def test_a_table_that_is_no_scene_is_refused(root):
    (root / "labels" / "stadium.csv").rename(root / "labels" / "arena.csv")
    with pytest.raises(InputError, match="'arena' is not a scene of MLRSNet"):
        read_mlrsnet(root, {"kind": "mlrsnet"})


def test_the_real_labels_are_recognised():
    if not REAL.is_dir():
        pytest.skip("the labels of MLRSNet are not available")
    tables = {
        version: [read_scene_labels(path, FACTS) for path in sorted((REAL / version).glob("*.csv"))]
        for version in ("head", "mended")
    }
    assert label_flaws(tables["mended"], FACTS) == []
    many, stadium, tanks = label_flaws(tables["head"], FACTS)
    assert "1933 of 2537 images of parkway have more than 13 labels" in many
    assert "none of 2462 images of stadium has the label 'stadium'" in stadium
    assert "none of 2500 images of storage_tank has the label 'tanks'" in tanks
