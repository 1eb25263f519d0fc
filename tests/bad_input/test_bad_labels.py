"""Tables of labels that do not fit, and that look odd and do."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from own_archive import IMAGES, LABELS

from project import Project
from rsir.archives.archive_table import read_archive
from rsir.archives.label_table import read_table
from rsir.core.errors import InputError

ARCHIVE = "results/mine/archive.csv"
HEADER, *ROWS = LABELS.splitlines(keepends=True)


def without(*images: str) -> str:
    return HEADER + "".join(row for row in ROWS if row.split(",")[0] not in images)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


# What becomes of the table; then what the one line says.
RUN: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "no column names": (
        lambda path: path.write_text("".join(ROWS)),
        ("mine.csv: the first line has no column names but 'farm0'", "add a first line"),
    ),
    "pipe": (pipe, ("mine.csv: no such file", "put it there")),
    "Windows' encoding": (
        lambda path: path.write_bytes(LABELS.replace("grass", "prés").encode("cp1252")),
        ("mine.csv: not UTF-8", "save it as UTF-8"),
    ),
}


@pytest.mark.parametrize("name", RUN)
def test_a_table_of_no_use_is_told_by_the_first_rule(mine, attempt, assert_refused, name):
    spoil, parts = RUN[name]
    spoil(mine.path("mine.csv"))
    assert_refused(mine, attempt(mine, ARCHIVE), *parts)


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "empty; it needs a line of column names, then rows"),
    "spreadsheet": (
        b"PK\3\4\x14\0\6\0\x80\xff",
        "not text but an Excel file or a zip archive; save the sheet as CSV",
    ),
    "UTF-16 without a mark": (LABELS.encode("utf-16-be"), "has zero bytes"),
    "header alone": (HEADER, "no rows below the column names; add one for each image"),
    "quote that does not end": (LABELS.replace("farm3", '"farm3'), "not a table"),
    "two rows of one image": (LABELS + ROWS[0], "rows 1 and 11 both name image 'farm0'; remove"),
    "two rows of one image, by its ending": (
        LABELS + ROWS[0].replace("farm0", "farm0.png", 1),
        "rows 1 and 11 both name image 'farm0'; remove one",
    ),
    "two columns of one name": (LABELS.replace("grass", "sea"), "two columns 'sea'; rename"),
    "missing rows": (
        without("farm1", "farm2"),
        "2 of 10 images without a row: 'farm1', 'farm2'; add the rows or remove the images",
    ),
    "rows of no image": (LABELS + "lake0,lake,1,0\n", "1 of 11 rows without an image: 'lake0'"),
    "row that is too long": (LABELS + "lake0,lake,1,0,1\n", "not a table"),
    "row that is too short": (
        LABELS.replace("port4,port,1,0", "port4,port,1"),
        "line 11 has 3 of 4 cells; give each row all columns",
    ),
    "NaN": (LABELS.replace("port,1,0", "port,1,NaN"), "column 'grass': 'NaN' is neither 0 nor 1"),
    "2": (LABELS.replace("port,1,0", "port,2,0"), "column 'sea': '2' is neither 0 nor 1; correct"),
    "yes": (LABELS.replace("port,1,0", "port,yes,0"), "column 'sea': 'yes' is neither 0 nor 1"),
    "some scenes": (LABELS.replace("port0,port", "port0,"), "1 of 10 rows without a scene"),
    "path out of the folder": (
        LABELS.replace("farm0,", "../farm0.png,"),
        "'../farm0.png' leads outside the image folder; give the file name alone",
    ),
    "absolute path": (
        LABELS.replace("farm0,", "/etc/farm0.png,"),
        "'/etc/farm0.png' leads outside the image folder; give the file name alone",
    ),
    "line break in a name": (
        LABELS.replace("farm0,", '"far\nm0",'),
        r"'far\nm0' has a line break or another unprintable character; rename it",
    ),
    "control character in a scene": (
        LABELS.replace(",farm,", ",fa\x1b[2Jrm,"),
        r"'fa\x1b[2Jrm' has a line break or another unprintable character",
    ),
    "line break in a label": (LABELS.replace("sea", '"se\na"'), r"'se\na' has a line break"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_does_not_fit_is_refused_in_one_line(mine, refused, name):
    content, expected = REFUSED[name]
    path = mine.path("mine.csv")
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        read_table(mine.path("mine"), path)
    assert expected in refused(caught.value, path)


USABLE = {
    "byte order mark": "\ufeff" + LABELS,
    "semicolons": LABELS.replace(",", ";"),
    "lines of Windows": LABELS.replace("\n", "\r\n"),
    "file names": "".join([HEADER, *(row.replace(",", ".png,", 1) for row in ROWS)]),
    "spaces": LABELS.replace(",", " , "),
    "quotes": "".join([HEADER, *(f'"{row[:5]}"{row[5:]}' for row in ROWS)]),
    "blank lines": LABELS.replace("\n", "\n\n"),
}


@pytest.mark.parametrize("name", USABLE)
def test_a_table_that_looks_odd_is_read_for_what_it_is(mine, name):
    root, path = mine.path("mine"), mine.path("mine.csv")
    plain = read_table(root, path).table
    path.write_bytes(USABLE[name].encode())
    pd.testing.assert_frame_equal(read_table(root, path).table, plain)
    assert plain["image"].tolist() == IMAGES
    assert plain["sea"].sum() == 5


def test_rows_without_a_label_and_a_label_that_none_or_no_training_image_has_are_scored(
    mine: Project, attempt
):
    """The last of each scene is the test image."""
    flags = {"farm0": "0,0,0,0", "port4": "1,0,0,1"}
    rows = [f"{i},{i[:4]},{flags.get(i, f'{int(i[0] == chr(112))},1,0,0')}\n" for i in IMAGES]
    mine.path("mine.csv").write_text("image,scene,sea,grass,lava,ice\n" + "".join(rows))
    mine.configure({"retrieval": {"database": "all"}})
    outcome = attempt(mine, "results/mine/scores/bounds.csv")
    assert outcome.status == 0, outcome.text
    archive = read_archive(mine.path(ARCHIVE)).set_index("image")
    assert archive.loc["farm0", ["sea", "grass", "lava", "ice"]].sum() == 0
    scores = pd.read_csv(mine.path("results/mine/scores/bounds.csv"))
    assert np.isfinite(scores.loc[:, "accuracy":]).all(axis=None)
    assert set(scores["image"]) == {"farm4", "port4"}


ABSURD = {
    "path out of the folder": (",farm0.png,", ",../farm0.png,", "leads outside the image folder"),
    "absolute path": (",farm0.png,", ",/etc/passwd,", "leads outside the image folder"),
    "size that is none": (",16,12,", ",wide,12,", "column 'width' is not a number of pixels"),
    "label that is none": (",0,1\n", ",0,x\n", "'x' is neither 0 nor 1"),
}


@pytest.mark.parametrize("name", ABSURD)
def test_an_archive_that_was_meddled_with_is_refused(tmp_path, refused, name):
    old, new, expected = ABSURD[name]
    path = tmp_path / "archive.csv"
    good = (
        f"image,path,scene,width,height,sha256,sea,grass\nfarm0,farm0.png,farm,16,12,{0:064},0,1\n"
    )
    path.write_text(good)
    assert len(read_archive(path)) == 1
    path.write_text(good.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_archive(path)
    assert expected in refused(caught.value, path)


def test_a_scene_of_one_image_is_told_by_the_split(mine, attempt, assert_refused):
    path = mine.path("mine.csv")
    path.write_text(LABELS.replace("port4,port", "port4,lake"))
    outcome = attempt(mine, "results/mine/split.csv")
    parts = "split: scene 'lake' has 1 images and needs 3", "remove the scene"
    assert_refused(mine, outcome, *parts, made={"archive.csv", "attributes.csv", "pixels.json"})
