"""Label tables in the forms that people have: each gives the same archive, or one line."""

import json
import runpy
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from image_folder import draw
from label_table_forms import PLAIN, REFUSED, SAME

from project import SHARED
from rsir.archives.label_columns import TableSettings
from rsir.archives.label_table import read_table
from rsir.archives.listing import Listing
from rsir.core.errors import InputError

IMAGES = ["t0", "t1", "t2", "t3"]
GRASS, SEA = [1, 0, 0, 1], [0, 0, 1, 1]
NAMES = [["grass"], [], ["sea"], ["grass", "sea"]]
SCENES = ["farm", "farm", "port", "port"]


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    root = tmp_path / "tiles"
    draw(*(root / f"{image}.png" for image in IMAGES))
    return root


def read(root: Path, content: str | bytes, **settings: object) -> Listing:
    path = root.parent / "labels.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(root, path, TableSettings.of(settings))


def expected() -> pd.DataFrame:
    table = pd.DataFrame({"image": IMAGES, "path": [f"{image}.png" for image in IMAGES]})
    table["scene"] = SCENES
    return table.assign(grass=GRASS, sea=SEA).astype({"grass": "uint8", "sea": "uint8"})


def same(listing: Listing) -> bool:
    """Compare cells, and write both tables, since only their bytes are kept."""
    table = listing.table.sort_values("image")
    return bool(table.to_csv(index=False) == expected().to_csv(index=False))


@pytest.mark.parametrize("name", SAME)
def test_forms_that_say_the_same_give_the_same_archive(tiles, name):
    content, settings = SAME[name]
    order = settings.get("order", IMAGES)
    listing = read(tiles, content, **{key: settings[key] for key in settings if key != "order"})
    assert same(listing)
    assert listing.table["image"].tolist() == order == listing.attributes["image"].tolist()


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_be_read_in_several_ways_is_refused_in_one_line(tiles, name):
    content, settings, line = REFUSED[name]
    with pytest.raises(InputError) as raised:
        read(tiles, content, **settings)
    message = str(raised.value)
    assert message.startswith(f"{tiles.parent / 'labels.csv'}: ")
    assert line in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "columns",
    [
        {"grass": GRASS, "sea": SEA},
        {"grass": [bool(one) for one in GRASS], "sea": [bool(one) for one in SEA]},
        {"grass": [float(one) for one in GRASS], "sea": [float(one) for one in SEA]},
        {"labels": NAMES},
        {"labels": NAMES, "contains_cloud": [True, False, False, False]},
        {"labels": NAMES, "pixels": [b"1", b"2", b"3", b"4"]},
    ],
    ids=["integers", "booleans", "floats", "lists", "lists beside booleans", "binary beside lists"],
)
def test_parquet(tiles, columns):
    path = tiles.parent / "labels.parquet"
    pq.write_table(pa.table({"patch_id": IMAGES, "scene": SCENES, **columns}), path)
    assert same(read_table(tiles, path))


def test_a_list_column_of_parquet_without_a_usual_name_is_refused_beside_flags(tiles):
    path = tiles.parent / "labels.parquet"
    pq.write_table(pa.table({"image": IMAGES, "surfaces": NAMES, "cloud": GRASS}), path)
    with pytest.raises(InputError, match="labels may stand in 'surfaces', 'cloud'"):
        read_table(tiles, path)
    settings = TableSettings(columns=("surfaces",))
    listing = read_table(tiles, path, settings)
    assert listing.table["sea"].tolist() == SEA
    assert listing.attributes["cloud"].tolist() == [str(one) for one in GRASS]


RECORDS = [
    {"image": image, "scene": scene, "labels": names}
    for image, scene, names in zip(IMAGES, SCENES, NAMES, strict=True)
]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS),
        "\n".join(map(json.dumps, RECORDS)),
        json.dumps(
            {one["image"]: {"scene": one["scene"], "labels": one["labels"]} for one in RECORDS}
        ),
        json.dumps(
            {
                f"{image}.png": {"scene": scene, "grass": grass == 1, "sea": sea == 1}
                for image, scene, grass, sea in zip(IMAGES, SCENES, GRASS, SEA, strict=True)
            }
        ),
    ],
    ids=["records", "lines", "mapping of records", "mapping of booleans"],
)
def test_json(tiles, content):
    for name in ("labels.json", "labels.txt"):
        path = tiles.parent / name
        path.write_text(f"\ufeff\n{content}")
        assert same(read_table(tiles, path))


def test_a_mapping_of_images_to_lists(tiles):
    path = tiles.parent / "labels.json"
    path.write_text(json.dumps(dict(zip(IMAGES, NAMES, strict=True))))
    table = read_table(tiles, path).table
    assert table[["grass", "sea"]].to_numpy().T.tolist() == [GRASS, SEA]
    assert (table["scene"] == "").all()


def test_a_name_alone_stands_for_a_list_of_one(tiles):
    path = tiles.parent / "labels.json"
    path.write_text('{"t0": "grass", "t1": [], "t2": "sea", "t3": ["grass", "sea"]}')
    assert read_table(tiles, path).table[["grass", "sea"]].to_numpy().T.tolist() == [GRASS, SEA]


def test_a_json_file_for_each_image(tiles):
    folder = tiles.parent / "labels"
    for image, scene, names in zip(IMAGES, SCENES, NAMES, strict=True):
        path = folder / image / f"{image}_labels_metadata.json"
        path.parent.mkdir(parents=True)
        content = {"labels": names, "scene": scene, "coordinates": {"ulx": 1.5, "uly": 2}}
        path.write_text(json.dumps({**content, "acquisition_date": "2017-06-13"}))
    listing = read_table(tiles, folder)
    assert same(listing)
    assert listing.attributes.columns.tolist() == [
        *("image", "coordinates.ulx", "coordinates.uly", "acquisition_date")
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("{", "not JSON that can be read"),
        ("[" * 100_000, "not JSON that can be read"),
        ('{"t0": ["sea"], "t0": ["grass"]}', "'t0' occurs twice"),
        ("", "empty; it needs a line of column names"),
        ("[1, 2]", "'1' is no record of an image"),
        ('{"t0": 1}', "'1' is not the labels of an image"),
        ('{"t0": [["sea"]]}', "in a list is no name of a label"),
        ('{"t0": [true]}', "'True' in a list is no name of a label"),
        ("{}", "no images; add their labels"),
        ('{"t0": ["sea"]}', "3 of 4 images without a row: 't1', 't2', 't3'"),
    ],
)
def test_json_that_does_not_fit_is_refused_in_one_line(tiles, content, line):
    path = tiles.parent / "labels.json"
    path.write_text(content)
    with pytest.raises(InputError) as raised:
        read_table(tiles, path)
    assert line in str(raised.value)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_other_columns_become_attributes(tiles):
    listing = read(
        tiles,
        "image,lat,Lon,date,grass,sea,country,elevation,notes\n"
        "t0,47.1,8.5,2020-01-01,1,0,CH,0,\n"
        "t1,1,8.25,2020-01-02,0,0,CH,412,tree\n"
        't2,0,-8.5,2020-01-02,0,1,NO,1,"a, b"\n'
        't3,47.4,0,2020-01-02,1,1,PT,17,"two\nlines"\n',
    )
    assert listing.table.columns.tolist() == ["image", "path", "scene", "grass", "sea"]
    attributes = listing.attributes.set_index("image")
    assert attributes.columns.tolist() == [
        *("latitude", "longitude", "date", "country", "elevation", "notes")
    ]
    assert attributes.loc["t2"].tolist() == ["0", "-8.5", "2020-01-02", "NO", "1", "a, b"]
    assert attributes.loc["t3", "notes"] == "two lines"


def test_the_log_says_how_a_table_was_read(tiles, caplog):
    caplog.set_level("INFO")
    read(tiles, "filename,tags,date\nt0,grass,a\nt1,,a\nt2,sea,a\nt3,grass;sea,a\n")
    lines = [record.getMessage().partition(": ")[2] for record in caplog.records]
    assert lines == [
        "text, names separated by ';' in column 'tags'; images in column 'filename'",
        "4 images, 2 labels: grass (2), sea (2)",
        "no labels, but attributes: date",
    ]


def test_images_and_rows_are_left_out_when_told_so(tiles, caplog):
    caplog.set_level("INFO")
    content = "image,label\nt0,grass\nt2,sea\nt9,lake\n"
    with pytest.raises(InputError, match=r"1 of 3 rows without an image: 't9'.* missing: ignore"):
        read(tiles, content)
    with pytest.raises(InputError, match=r"2 of 4 images without a row.* unlabelled: ignore"):
        read(tiles, content, missing="ignore")
    table = read(tiles, content, missing="ignore", unlabelled="ignore").table
    assert table["image"].tolist() == ["t0", "t2"]
    assert table.columns.tolist() == ["image", "path", "scene", "grass", "sea"]
    assert "ignored 2 of 4 images without a row" in caplog.text
    assert "ignored 1 of 3 rows without an image" in caplog.text


def test_a_scene_may_be_the_only_label(tiles):
    rows = "".join(f"{image},{scene}\n" for image, scene in zip(IMAGES, SCENES, strict=True))
    table = read(tiles, f"image,scene\n{rows}", columns=["scene"]).table
    assert table["scene"].tolist() == SCENES
    assert table["port"].tolist() == [0, 0, 1, 1]


def test_a_column_with_many_numbers_beside_labels_is_no_label(tmp_path):
    root = tmp_path / "tiles"
    draw(*(root / f"{number}.png" for number in range(30)))
    rows = "".join(f"{number},{number / 4},{29 - number},{number % 2}\n" for number in range(30))
    listing = read(root, f"image,slope,rank,sea\n{rows}")
    assert listing.table.columns.tolist() == ["image", "path", "scene", "sea"]
    assert listing.attributes.columns.tolist() == ["image", "slope", "rank"]
    wrong = "".join(f"{number},{number % 2 + number // 29},1\n" for number in range(30))
    with pytest.raises(InputError, match=r"row 30 \('29'\), column 'sea': '2' is neither 0 nor 1"):
        read(root, f"image,sea,land\n{wrong}")


def test_a_table_of_0_and_1_is_read_as_before(tiles, caplog):
    """The bytes of `archive.csv` stay those of the versions that read 0 and 1 alone."""
    assert same(read(tiles, PLAIN))
    table = read(tiles, PLAIN.replace("grass,sea", "lat,sea")).table
    assert "'lat' has 0 and 1 alone and is taken for a label" in caplog.text
    assert table.columns.tolist() == ["image", "path", "scene", "lat", "sea"]


CASES = SHARED / "cases" / "label_tables.py"
REFUSED_CASES = {
    "no header": "the first line has no column names",
    "wrong case of the name": "'T0' may be 't0'",
    "GIF tiles": "no images in a format that is read",
    ".npy tiles": "no images in a format that is read",
    "masks of the same name": "'t0' fits 2 images: 'images/t0.png', 'masks/t0.png'",
    "subset of the images there": "1 of 4 rows without an image: 't3'",
    "label called width": "a label cannot be called 'width'",
    "no labels, scenes only": "to use the scenes as labels, name their column in columns",
    "xlsx": "an Excel file",
    "thousands / percent": "'100%' is neither 0 nor 1",
    "gz csv": "compressed by gzip; unpack it",
}
ORDERS_OF_CASES = {
    "labels as a list a;b": ["scene", "grass", "sea"],
    "image twice, other labels (annotators; one row per label)": ["scene", "grass", "sea"],
    "label name with a comma": ["scene", "sea, lake", "grass"],
}
GRASS_OF_CASES = {
    "labels as a list a;b": [1, 0, 1, 0],
    "image twice, other labels (annotators; one row per label)": [1, 0, 1, 1],
}


def shared_cases() -> dict[str, Any]:
    return runpy.run_path(str(CASES))["CASES"] if CASES.is_file() else {}


@pytest.mark.parametrize("name", shared_cases())
def test_tables_of_public_reports(tmp_path, name):
    fill, content = shared_cases()[name]
    root = tmp_path / "tiles"
    root.mkdir()
    fill(root)
    if name in REFUSED_CASES:
        with pytest.raises(InputError) as raised:
            read(root, content)
        assert REFUSED_CASES[name] in str(raised.value)
        assert "\n" not in str(raised.value)
        return
    table = read(root, content).table
    assert table.columns[2:].tolist() == ORDERS_OF_CASES.get(name, ["scene", "sea", "grass"])
    assert table["grass"].tolist() == GRASS_OF_CASES.get(name, [1, 1, 0, 1])
    assert table.iloc[:, 3:].sum().tolist() in ([2, 2], [2, 3], [3, 2])
    assert [Path(path).is_file() for path in root / table["path"]] == [True] * 4
