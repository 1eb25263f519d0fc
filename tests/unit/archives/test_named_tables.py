"""Named archives with a table of labels: UC Merced, AID, DFC15 and Planet."""

import logging

import pytest

from named_archives import write_label_table, write_picture
from project import SHARED
from rsir.archives.facts import archive_facts
from rsir.archives.named import read_label_table, read_tags
from rsir.core.errors import InputError

UCMERCED = {
    "Images/beach/beach01.tif": ["sand", "sea"],
    "Images/beach/beach00.tif": ["sea"],
    "Images/forest/forest00.tif": ["trees"],
}
AID = {
    "images_tr/Airport/airport_2.jpg": ["airplane", "pavement"],
    "images_test/Airport/airport_1.jpg": ["airplane"],
    "images_tr/BareLand/bareland_1.jpg": [],
}
DFC15 = {"images_tr/10.png": ["water", "boat"], "images_test/2.png": ["impervious"]}


def labels_of(listing, row):
    flags = listing.table.drop(columns=["image", "path", "scene"]).iloc[row]
    return list(flags[flags == 1].index)


def test_ucmerced_is_read_in_the_order_of_its_table(tmp_path):
    write_label_table(tmp_path, "ucmerced", UCMERCED)
    listing = read_label_table(tmp_path, {"kind": "ucmerced"})
    names = archive_facts({"kind": "ucmerced"})["labels"]
    assert list(listing.table.columns) == ["image", "path", "scene", *names]
    assert listing.table[["image", "path", "scene"]].to_numpy().tolist() == [
        ["beach01", "Images/beach/beach01.tif", "beach"],
        ["beach00", "Images/beach/beach00.tif", "beach"],
        ["forest00", "Images/forest/forest00.tif", "forest"],
    ]
    assert [labels_of(listing, row) for row in range(3)] == list(UCMERCED.values())
    assert list(listing.attributes.columns) == ["image"]


@pytest.mark.parametrize("header", [r"IMAGE\LABEL", "IMAGE/LABEL"])
def test_aid_has_scenes_and_official_subsets(tmp_path, header):
    write_label_table(tmp_path, "aid", AID, header)
    listing = read_label_table(tmp_path, {"kind": "aid"})
    assert listing.table["scene"].tolist() == ["Airport", "Airport", "BareLand"]
    assert [labels_of(listing, row) for row in range(3)] == list(AID.values())
    assert listing.attributes.to_numpy().tolist() == [
        ["airport_2", "train"],
        ["airport_1", "test"],
        ["bareland_1", "train"],
    ]


@pytest.mark.parametrize("form", ["{}", "{}.0", "000{}"])
def test_dfc15_is_joined_by_number(tmp_path, form):
    table = write_label_table(tmp_path, "dfc15", DFC15)
    header, *rows = table.read_text().splitlines()
    rows = [",".join([form.format(row.split(",")[0]), *row.split(",")[1:]]) for row in rows]
    table.write_text("\n".join([header, *rows]))
    listing = read_label_table(tmp_path, {"kind": "dfc15"})
    assert listing.table["image"].tolist() == ["10", "2"]
    assert set(listing.table["scene"]) == {""}
    assert [labels_of(listing, row) for row in range(2)] == list(DFC15.values())
    assert listing.attributes["split"].tolist() == ["train", "test"]


@pytest.fixture
def planet(tmp_path):
    rows = ["train_0,haze primary", "train_2,clear water road", "train_1,water"]
    (tmp_path / "train_v2.csv").write_text("\n".join(["image_name,tags", *rows, ""]))
    for row in rows:
        write_picture(tmp_path / "train-jpg" / f"{row.split(',')[0]}.jpg")
    return tmp_path


def test_planet_has_tags(planet, caplog):
    with caplog.at_level(logging.WARNING):
        listing = read_tags(planet, {"kind": "planet", "version": "jpg"})
    assert listing.table["image"].tolist() == ["train_0", "train_2", "train_1"]
    assert [labels_of(listing, row) for row in range(3)] == [
        ["haze", "primary"],
        ["clear", "water", "road"],
        ["water"],
    ]
    assert "1 of 3 images have not exactly one tag of the weather, first 'train_1'" in caplog.text


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


LABEL_TABLE_FLAWS = {
    "a tile is missing": (
        lambda root: (root / "Images/beach/beach01.tif").unlink(),
        "1 of 3 rows without an image: 'beach01'",
    ),
    "a row is missing": (
        lambda root: write_picture(root / "Images/beach/beach02.tif"),
        "1 of 4 images without a row: 'beach02'",
    ),
    "an unknown scene": (
        lambda root: (root / "Images/forest").rename(root / "Images/woods"),
        "'woods' is not a scene of UC Merced",
    ),
    "other labels": (
        lambda root: replace(root / "LandUse_Multilabeled.txt", "trees", "woods"),
        r"LandUse_Multilabeled\.txt: .*'woods'.*kind table",
    ),
    "labels in another order": (
        lambda root: replace(root / "LandUse_Multilabeled.txt", "trees\twater", "water\ttrees"),
        "not the 17 of UC Merced Land Use, multi-label in their order",
    ),
    "neither 0 nor 1": (
        lambda root: replace(root / "LandUse_Multilabeled.txt", "\t1", "\t2"),
        "'2' is neither 0 nor 1",
    ),
    "no images": (
        lambda root: (root / "Images").rename(root / "Pictures"),
        r"Images: no such folder; put Images/<scene>/\*\.tif",
    ),
    "no table": (
        lambda root: (root / "LandUse_Multilabeled.txt").unlink(),
        r"LandUse_Multilabeled\.txt: no such file; put",
    ),
}


@pytest.mark.parametrize("flaw", LABEL_TABLE_FLAWS)
def test_a_flaw_of_ucmerced_is_one_line(tmp_path, flaw):
    write_label_table(tmp_path, "ucmerced", UCMERCED)
    damage, message = LABEL_TABLE_FLAWS[flaw]
    damage(tmp_path)
    with pytest.raises(InputError, match=message) as raised:
        read_label_table(tmp_path, {"kind": "ucmerced"})
    assert "\n" not in str(raised.value)


def test_an_image_in_both_subsets_is_refused(tmp_path):
    write_label_table(tmp_path, "aid", AID)
    write_picture(tmp_path / "images_test/Airport/airport_2.jpg")
    with pytest.raises(InputError, match="are one image, 'airport_2'; remove one"):
        read_label_table(tmp_path, {"kind": "aid"})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tags", "labels", "its columns are not image_name, tags"),
        ("water road", "water rain", "'rain' is none of its tags"),
        ("train_2,", "train_3,", "1 of 3 rows without an image: 'train_3'"),
    ],
)
def test_a_flaw_of_planet_is_one_line(planet, old, new, message):
    replace(planet / "train_v2.csv", old, new)
    with pytest.raises(InputError, match=message):
        read_tags(planet, {"kind": "planet", "version": "jpg"})


def test_a_part_of_the_real_ucmerced():
    if not (SHARED / "data" / "ucmerced40").is_dir():
        pytest.skip("the UC Merced tiles are not available")
    listing = read_label_table(SHARED / "data" / "ucmerced40", {"kind": "ucmerced"})
    scenes = archive_facts({"kind": "ucmerced"})["scenes"]
    assert listing.table["scene"].value_counts().to_dict() == dict.fromkeys(scenes, 40)
    assert listing.table["path"].iloc[-1] == "Images/tenniscourt/tenniscourt39.tif"
    assert labels_of(listing, -1) == ["cars", "court", "pavement", "trees"]


def test_the_whole_label_file_of_ucmerced(tmp_path):
    path = SHARED / "reference" / "LandUse_Multilabeled.txt"
    if not path.is_file():
        pytest.skip("the label file of UC Merced is not available")
    facts = archive_facts({"kind": "ucmerced"})
    (tmp_path / path.name).write_bytes(path.read_bytes())
    for scene in facts["scenes"]:
        (tmp_path / "Images" / scene).mkdir(parents=True)
        for number in range(100):
            (tmp_path / "Images" / scene / f"{scene}{number:02}.tif").touch()
    table = read_label_table(tmp_path, {"kind": "ucmerced"}).table
    counts = table[facts["labels"]].sum()
    assert len(table) == facts["images"] == 2100
    assert counts["pavement"] == 1300
    assert counts["airplane"] == counts["dock"] == counts["sea"] == counts["tanks"] == 100
    assert len(table[facts["labels"]].drop_duplicates()) == 202
    assert counts.sum() / 2100 == pytest.approx(3.33, abs=0.005)


def test_a_part_of_the_real_aid():
    if not (SHARED / "data" / "aid40").is_dir():
        pytest.skip("the AID images are not available")
    listing = read_label_table(SHARED / "data" / "aid40", {"kind": "aid"})
    assert len(listing.table) == 1160
    assert set(listing.table["scene"].value_counts()) == {40}
    assert listing.attributes["split"].value_counts().to_dict() == {"train": 928, "test": 232}
    airport = listing.table["image"].tolist().index("airport_1")
    expected = ["airplane", "bare-soil", "buildings", "cars", "grass", "pavement"]
    assert labels_of(listing, airport) == expected


def test_the_real_tags_of_planet(tmp_path, caplog):
    path = SHARED / "data" / "planet" / "train_v2_first1999.csv"
    if not path.is_file():
        pytest.skip("the tags of Planet are not available")
    (tmp_path / "train_v2.csv").write_bytes(path.read_bytes())
    (tmp_path / "train-jpg").mkdir()
    for number in range(1999):
        (tmp_path / "train-jpg" / f"train_{number}.jpg").touch()
    with caplog.at_level(logging.WARNING):
        table = read_tags(tmp_path, {"kind": "planet"}).table
    assert len(table) == 1999
    weather = table[["clear", "partly_cloudy", "cloudy", "haze"]].sum(axis=1)
    assert set(weather) == {1}
    assert caplog.text == ""
