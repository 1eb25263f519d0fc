"""Label tables, archive tables and split files: arbitrary text and bytes, and damaged tables."""

import csv
import io
import re
import string
import unicodedata
from collections.abc import Callable
from pathlib import Path, PurePath

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from rsir.archives.archive_table import (
    FIXED_COLUMNS,
    label_matrix,
    label_names,
    read_archive,
    write_archive,
)
from rsir.archives.label_table import read_table
from rsir.archives.listing import Listing
from rsir.archives.split_file import SUBSETS, read_split

Attempt = Callable[..., object]

LABELS = 'image,scene,sea,"bare, soil"\n001,x,1,0\nNA,x,0,1\n"ü b",y,1,1\n'
LISTS = "image,scene,labels\n001,x,sea\nNA,x,bare soil\nü b,y,sea;bare soil\n"
ARCHIVE = (
    "image,path,scene,width,height,sha256,sea,land\n"
    "001,001.png,x,5,3,00,1,0\nNA,north/NA.jpg,x,5,3,01,0,1\nü b,ü b.png,y,70,3,02,1,1\n"
)
SPLIT = "image,subset\n001,train\nNA,test\nü b,validation\n"
IMAGES = ["001", "NA", "ü b"]
PATHS = pd.DataFrame({"image": IMAGES, "path": ["001.png", "NA.jpg", "ü b.png"]})

BITS = [
    *(b"\0", b"\xef\xbb\xbf", b'"', b"'", b",", b";", b"\t", b"\n", b"\r", b"\r\n", b" ", b"\xff"),
    *("\u2028".encode(), "\u00a0".encode(), "u\u0308".encode(), b"../", b"/", b".png", b"#", b"\\"),
    *(b"0", b"1", b"-1", b"1.0", b"1_0", b"nan", b"NA", b"9" * 30, b"x" * 70_000, b"\x1a", b"\x85"),
]


@st.composite
def damaged(draw: st.DrawFn, text: str) -> bytes:
    """A valid table in which a few parts are deleted, repeated, overwritten or inserted."""
    content = text.encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 1, 1, 2, 8, 40]))
        old = content[start : start + length]
        new = draw(st.sampled_from([b"", 2 * old, *BITS]) | st.binary(max_size=4))
        content = content[:start] + new + content[start + length :]
    return content


cells = st.sampled_from(["0", "1", "image", "scene", "001", "NA", "ü b", "", "x", "width"]) | (
    st.text(max_size=4)
)
tables = st.lists(st.lists(cells, min_size=1, max_size=5), max_size=5).map(
    lambda rows: "\n".join(",".join(row) for row in rows)
)


def contents(valid: str) -> st.SearchStrategy[bytes]:
    texts = st.text() | st.text(string.printable) | tables
    anything = st.binary() | texts.map(lambda text: text.encode("utf-8", "surrogatepass"))
    encodings = st.sampled_from(["utf-16", "utf-32", "latin-1", "utf-8-sig", "utf-7"])
    return damaged(valid) | anything | encodings.map(valid.encode)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for name in ("001.png", "NA.jpg", "ü b.png"):
        Image.new("RGB", (5, 3)).save(folder / name)
    return folder


def as_csv(content: bytes, separator: str = ",") -> list[list[str]]:
    """Read a table with the csv module, without blank lines."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    encoding = "utf-32" if content[:4] == b"\xff\xfe\0\0" else encoding
    lines = io.StringIO(content.decode(encoding), newline="")
    rows = csv.reader(lines, delimiter=separator)
    rows = [row for row in rows if "".join(row).strip(" \t") or len(row) > 1]
    return [row + [""] * (len(rows[0]) - len(row)) for row in rows]


PRESENT = {"1", "1.0", "1.", "true", "yes", "y", "x"}


def written_labels(content: bytes, separator: str, labels: list[str]) -> set[tuple[str, str]]:
    """Return the pairs of an image and a label that a table has, whatever its form."""
    header, *rows = as_csv(content, separator)
    header = [name.strip() for name in header]
    plain = [re.sub("[^a-z]", "", name.casefold()) for name in header]
    pairs = set()
    for row in rows if "image" in plain else []:
        name = row[plain.index("image")].strip().replace("\\", "/").rpartition("/")[2]
        name = unicodedata.normalize("NFC", re.sub(r"\.(png|jpg)$", "", name, flags=re.I))
        for column, cell in zip(header, row, strict=False):
            if column in labels and cell.strip().casefold() in PRESENT:
                pairs.add((name, column))
            if set(labels).isdisjoint(header):
                own = [item.strip() for item in re.split("[;|,]", cell)]
                pairs |= {(name, item) for item in own if item in labels}
    return pairs


def printable(names: list[str]) -> bool:
    return all(unicodedata.category(c) not in {"Cc", "Cs", "Zl", "Zp"} for c in "".join(names))


@settings(deadline=None, max_examples=250, derandomize=True)
@given(contents(LABELS) | contents(LISTS))
@example(b"image,sea\n001,1\nNA,0\n\xc3\xbc b,1\n")
@example(b"image,sea\r001.png,1\r\r  \rx/NA.jpg,0\r" + "u\u0308 b,1".encode())
@example(LABELS.replace(",", ";").replace("bare;", "bare,").encode("utf-16"))
@example("image\tlabel\n001\tsea\nNA\tsea\nNA\tland\nü b\t\n".encode())
def test_a_label_table_is_read_unchanged_or_refused(
    root: Path, folder: Path, attempt: Attempt, content: bytes
) -> None:
    path = folder / "labels.csv"
    path.write_bytes(content)
    listing = attempt(f"{path}: ", read_table, root, path)
    if listing is None:
        return
    assert isinstance(listing, Listing)
    table = listing.table
    assert list(table.columns[:3]) == ["image", "path", "scene"]
    assert sorted(table["image"]) == IMAGES
    assert listing.attributes["image"].tolist() == table["image"].tolist()
    assert table["path"].tolist() == [
        {"NA": "NA.jpg"}.get(image, f"{image}.png") for image in table["image"]
    ]
    assert (table["scene"] == "").all() or (table["scene"] != "").all()
    labels = list(table.columns[3:])
    assert labels
    assert len(set(table.columns)) == len(table.columns)
    assert printable([*labels, *table["scene"]])
    flags = table.set_index("image")[labels]
    pairs = {(image, name) for image in IMAGES for name in labels if flags.loc[image, name]}
    assert pairs in [written_labels(content, separator, labels) for separator in ",;\t|"]


@settings(deadline=None, max_examples=150, derandomize=True)
@given(contents(ARCHIVE))
@example(b"image,path,scene,width,height,sha256\na,a.png,,5,3,00\n")
@example(ARCHIVE.replace("70", "9" * 30).encode())
@example(ARCHIVE.replace("70", "-70").encode())
@example(ARCHIVE.replace("70", "7_0").encode())
@example(ARCHIVE.replace("north/", "\0").encode())
@example(ARCHIVE.replace("north/", '"\n"').encode())
def test_an_archive_table_is_read_and_written_unchanged_or_refused(
    folder: Path, attempt: Attempt, content: bytes
) -> None:
    path, again = folder / "archive.csv", folder / "again.csv"
    path.write_bytes(content)
    archive = attempt(f"{path}: ", read_archive, path)
    if archive is None:
        return
    assert isinstance(archive, pd.DataFrame)
    assert tuple(archive.columns[: len(FIXED_COLUMNS)]) == FIXED_COLUMNS
    assert label_matrix(archive).shape == (len(archive), len(label_names(archive)))
    assert label_matrix(archive).size > 0
    assert archive["image"].is_unique
    assert printable([*archive.columns, *archive["image"], *archive["path"], *archive["scene"]])
    assert not any(
        PurePath(file).is_absolute() or ".." in PurePath(file).parts for file in archive["path"]
    )
    assert (archive[["width", "height"]] > 0).to_numpy().all()
    assert [[str(cell) for cell in row] for row in archive.to_numpy()] == as_csv(content)[1:]
    write_archive(archive, again)
    pd.testing.assert_frame_equal(read_archive(again), archive)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(contents(SPLIT))
def test_a_split_assigns_a_subset_to_each_image_or_is_refused(
    folder: Path, attempt: Attempt, content: bytes
) -> None:
    path = folder / "split.csv"
    path.write_bytes(content)
    subset = attempt(f"{path}: ", read_split, path, PATHS)
    if subset is None:
        return
    assert isinstance(subset, np.ndarray)
    assert {"train", "test"} <= set(subset) <= set(SUBSETS)
    written = [written_subsets(content, separator) for separator in ",;\t|"]
    assert dict(zip(IMAGES, subset, strict=True)) in written


def written_subsets(content: bytes, separator: str) -> dict[str, str]:
    header, *rows = as_csv(content, separator)
    plain = [re.sub("[^a-z]", "", name.casefold()) for name in header]
    if not {"image", "subset"} <= set(plain):
        return {}
    image, assigned = plain.index("image"), plain.index("subset")
    names = [row[image].strip().replace("\\", "/").rpartition("/")[2] for row in rows]
    names = [re.sub(r"\.(png|jpg)$", "", name, flags=re.I) for name in names]
    names = [unicodedata.normalize("NFC", name) for name in names]
    return dict(zip(names, [row[assigned].strip() for row in rows], strict=True))


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.permutations(SPLIT.splitlines()[1:]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_split_does_not_depend_on_the_order_of_rows(
    folder: Path, rows: list[str], ending: str
) -> None:
    path = folder / "split.csv"
    path.write_text(ending.join(["image,subset", *rows]), newline="")
    subset = read_split(path, PATHS)
    assert subset.tolist() == ["train", "test", "validation"]


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zip", "tar", "zst"])
def test_a_table_is_read_as_text_for_any_file_name(root: Path, folder: Path, ending: str) -> None:
    path = folder / f"labels.csv.{ending}"
    path.write_text(LABELS)
    assert read_table(root, path).table["bare, soil"].tolist() == [0, 1, 1]


names = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=8
).filter(lambda name: not PurePath(name).is_absolute() and ".." not in PurePath(name).parts)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(st.lists(names, min_size=1, max_size=4, unique=True), names, names, st.booleans())
def test_an_archive_with_any_names_is_read_back_unchanged(
    folder: Path, images: list[str], scene: str, label: str, scenes: bool
) -> None:
    path = folder / "any.csv"
    columns = [*FIXED_COLUMNS, f"label {label.strip()}".strip()]
    rows = [[image, image, scene if scenes else "", 5, 3, "00", 1] for image in images]
    archive = pd.DataFrame(rows, columns=columns)
    write_archive(archive, path)
    again = read_archive(path)
    assert again.to_numpy().tolist() == archive.to_numpy().tolist()
    assert list(again.columns) == list(archive.columns)
