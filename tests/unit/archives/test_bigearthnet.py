"""BigEarthNet: versions, sensors, labels, and what is left out."""

import logging

import numpy as np
import pytest

from named_archives import write_bigearthnet_1, write_bigearthnet_2, write_metadata
from project import SHARED
from rsir.archives.bigearthnet import label_flags, read_bigearthnet
from rsir.archives.bigearthnet_metadata import read_metadata
from rsir.archives.facts import archive_facts
from rsir.core.errors import InputError

A, B, C, D = (f"S2A_MSIL2A_20170613T101031_{number}_7" for number in range(1, 5))
S1 = "S1A_IW_GRDH_1SDV_20170613T165043_33UUP_{}_7"
VERSION_1 = {
    A: ["Pastures", "Water bodies", "Peatbogs"],
    B: ["Airports", "Continuous urban fabric", "Discontinuous urban fabric"],
    C: ["Sea and ocean"],
    D: ["Burnt areas", "Airports"],
}
REAL = SHARED / "data" / "bigearthnet"


def settings(version, **keys):
    return {"kind": "bigearthnet", "version": version, **keys}


def labels_by_image(listing):
    table = listing.table.set_index("image").drop(columns=["path", "scene"])
    return {image: [name for name in table if row[name]] for image, row in table.iterrows()}


@pytest.fixture
def first(tmp_path):
    write_bigearthnet_1(tmp_path, VERSION_1, {S1.format(1): A, S1.format(3): C})
    (tmp_path / "patches_with_seasonal_snow.csv").write_text("S2A_X\n")
    (tmp_path / "patches_with_cloud_and_shadow.csv").write_text(f"{C}\n")
    return tmp_path


def row(number, *labels, **keys):
    name = f"S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_0{number}_07"
    return {"patch_id": name, "s1_name": S1.format(number), "labels": list(labels), **keys}


def test_19_labels_of_version_1(first):
    listing = read_bigearthnet(first, settings(1))
    assert labels_by_image(listing) == {
        A: ["Pastures", "Inland wetlands", "Inland waters"],
        B: ["Urban fabric"],
    }
    assert list(listing.table.columns[:3]) == ["image", "path", "scene"]
    assert len(listing.table.columns) == 22
    assert listing.table["path"].tolist() == [f"BigEarthNet-v1.0/{A}", f"BigEarthNet-v1.0/{B}"]
    assert listing.attributes.to_numpy().tolist() == [
        [A, "2017-06-13", "33UUP"],
        [B, "2017-06-13", "33UUP"],
    ]


def test_43_labels_of_version_1(first):
    listing = read_bigearthnet(first, settings(1, labels=43))
    assert labels_by_image(listing) == {
        A: ["Pastures", "Peatbogs", "Water bodies"],
        B: ["Continuous urban fabric", "Discontinuous urban fabric", "Airports"],
        D: ["Airports", "Burnt areas"],
    }


@pytest.mark.parametrize(
    ("keep", "images"),
    [
        ([], [A, B]),
        (["cloud"], [A, B, C]),
        (["snow", "unlabelled"], [A, B, D]),
        (["cloud", "unlabelled"], [A, B, C, D]),
    ],
)
def test_patches_are_left_out_unless_they_are_kept(first, keep, images, caplog):
    with caplog.at_level(logging.INFO):
        listing = read_bigearthnet(first, settings(1, keep=keep))
    assert listing.table["image"].tolist() == images
    if not keep:
        assert "left out: 1 patches (cloud)" in caplog.text
        assert "left out: 1 patches (unlabelled)" in caplog.text


def test_missing_lists_are_reported(first, caplog):
    (first / "patches_with_seasonal_snow.csv").unlink()
    with caplog.at_level(logging.WARNING):
        read_bigearthnet(first, settings(1))
    assert "patches_with_seasonal_snow.csv: no such file; patches with snow are not" in caplog.text
    assert "cloud" not in caplog.text


@pytest.mark.parametrize(
    ("sensor", "images", "paths"),
    [
        ("s1", [S1.format(1)], [f"BigEarthNet-S1-v1.0/{S1.format(1)}"]),
        ("both", [A], [f"BigEarthNet-S1-v1.0/{S1.format(1)}//BigEarthNet-v1.0/{A}"]),
    ],
)
def test_sentinel_1_of_version_1(first, sensor, images, paths):
    listing = read_bigearthnet(first, settings(1, sensor=sensor))
    assert listing.table["image"].tolist() == images
    assert listing.table["path"].tolist() == paths
    assert labels_by_image(listing)[images[0]] == ["Pastures", "Inland wetlands", "Inland waters"]


def test_the_official_split_of_version_1_has_one_or_two_columns(first):
    (first / "train.csv").write_text(f"{B},{S1.format(2)}\n")
    (first / "val.csv").write_text("S2A_X\n")
    (first / "test.csv").write_text(f"{A}\n")
    listing = read_bigearthnet(first, settings(1, keep=["cloud"]))
    assert listing.attributes["split"].tolist() == ["test", "train", ""]


def test_version_2(tmp_path, caplog):
    rows = [
        row(2, "Pastures", "Marine waters", split="validation", country="Portugal"),
        row(1, "Arable land"),
        row(3, "Arable land", present=False),
    ]
    write_bigearthnet_2(tmp_path, rows)
    with caplog.at_level(logging.WARNING):
        listing = read_bigearthnet(tmp_path, settings(2))
    one, two = rows[1]["patch_id"], rows[0]["patch_id"]
    tile = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
    assert listing.table["path"].tolist() == [
        f"BigEarthNet-S2/{tile}/{name}" for name in (one, two)
    ]
    assert labels_by_image(listing) == {one: ["Arable land"], two: ["Pastures", "Marine waters"]}
    assert listing.attributes.to_numpy().tolist() == [
        [one, "train", "Austria", "2017-06-13", "33UUP"],
        [two, "validation", "Portugal", "2017-06-13", "33UUP"],
    ]
    assert "2 of 3 patches have their metadata and a folder of each sensor" in caplog.text
    both = read_bigearthnet(tmp_path, settings(2, sensor="both")).table
    scene = "S1A_IW_GRDH_1SDV_20170613T165043"
    assert both["path"].iloc[0] == (
        f"BigEarthNet-S1/{scene}/{S1.format(1)}//BigEarthNet-S2/{tile}/{one}"
    )
    alone = read_bigearthnet(tmp_path, settings(2, sensor="s1")).table
    assert alone["image"].tolist() == [S1.format(1), S1.format(2)]


def test_patches_with_snow_of_version_2_have_a_file_of_their_own(tmp_path, caplog):
    snowy = row(2, "Pastures", contains_seasonal_snow=True)
    write_bigearthnet_2(tmp_path, [row(1, "Arable land"), snowy])
    write_metadata(tmp_path / "metadata.parquet", [row(1, "Arable land")])
    with caplog.at_level(logging.INFO):
        assert len(read_bigearthnet(tmp_path, settings(2)).table) == 1
    assert "1 patches have no row in metadata.parquet" in caplog.text
    with pytest.raises(InputError, match=r"snow_cloud_or_shadow\.parquet: no such file"):
        read_bigearthnet(tmp_path, settings(2, keep=["snow"]))
    others = tmp_path / "metadata_for_patches_with_snow_cloud_or_shadow.parquet"
    write_metadata(others, [snowy])
    assert len(read_bigearthnet(tmp_path, settings(2)).table) == 1
    assert len(read_bigearthnet(tmp_path, settings(2, keep=["snow"])).table) == 2
    write_metadata(others, [row(3, "Pastures")])
    with pytest.raises(InputError, match=r"1 patches without a row: 'S2A_.*_02_07'"):
        read_bigearthnet(tmp_path, settings(2))


def spoil(path, content):
    path.write_text(content, encoding="utf-8")


JSON = f"BigEarthNet-v1.0/{A}/{A}_labels_metadata.json"
FLAWS_1 = {
    "no metadata": (lambda root: (root / JSON).unlink(), "no such file, which has the labels"),
    "no JSON": (lambda root: spoil(root / JSON, "{"), "not the metadata of a patch"),
    "no labels": (lambda root: spoil(root / JSON, "{}"), "not the metadata of a patch.*labels"),
    "a list": (lambda root: spoil(root / JSON, "[]"), "not the metadata of a patch"),
    "no folder": (
        lambda root: (root / "BigEarthNet-v1.0").rename(root / "BigEarthNet-S2-v1.0"),
        "BigEarthNet-v1.0: no such folder",
    ),
    "a list of something else": (
        lambda root: spoil(root / "patches_with_seasonal_snow.csv", "patch\nS2A_X\n"),
        "not a list of Sentinel-2 patches",
    ),
    "an unknown label": (
        lambda root: spoil(root / JSON, (root / JSON).read_text().replace("Pastures", "Lava")),
        "'Lava' is none of the 19 labels",
    ),
}


@pytest.mark.parametrize("flaw", FLAWS_1)
def test_a_flaw_of_version_1_is_one_line(first, flaw):
    damage, message = FLAWS_1[flaw]
    damage(first)
    with pytest.raises(InputError, match=message) as raised:
        read_bigearthnet(first, settings(1))
    assert "\n" not in str(raised.value)


def test_all_patches_left_out_is_refused(first):
    (first / "patches_with_seasonal_snow.csv").write_text(f"{A}\n{B}\n")
    with pytest.raises(InputError, match="all 4 patches are left out; see the key keep"):
        read_bigearthnet(first, settings(1))


def test_a_link_out_of_the_root_is_refused(first, tmp_path_factory):
    target = tmp_path_factory.mktemp("elsewhere")
    (first / "BigEarthNet-v1.0" / "S2A_link").symlink_to(target)
    with pytest.raises(InputError, match="a symbolic link leads outside"):
        read_bigearthnet(first, settings(1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1 and more", "cannot be read"),
        (b"", "cannot be read"),
        (None, r"metadata\.parquet: no such file"),
    ],
)
def test_metadata_of_no_use_is_refused_in_one_line(tmp_path, content, message):
    path = write_bigearthnet_2(tmp_path, [row(1, "Arable land")])
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        read_bigearthnet(tmp_path, settings(2))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patch_id": "S2A_somewhere"}, "'S2A_somewhere' is no name of a patch"),
        ({"contains_seasonal_snow": "maybe"}, "cannot be read"),
        ({"labels": "Arable land"}, "cannot be read"),
    ],
)
def test_metadata_of_other_columns_is_refused(tmp_path, change, message):
    path = write_metadata(tmp_path / "metadata.parquet", [{**row(1, "Arable land"), **change}])
    with pytest.raises(InputError, match=message):
        read_metadata(path)


def test_43_labels_of_version_2_are_refused(tmp_path):
    write_bigearthnet_2(tmp_path, [row(1, "Arable land")])
    with pytest.raises(InputError, match="'Arable land' is none of the 43 labels"):
        read_bigearthnet(tmp_path, settings(2, labels=43))


# in the authors' order
COUNTS = [
    *(63758, 11142, 188025, 29588, 95605, 99598, 122709, 33181, 135928, 154941, 165780, 11882),
    *(13894, 141150, 1316, 20919, 1397, 63212, 61832),
]


def test_the_real_metadata_of_version_2_has_the_known_counts():
    path = REAL / "v2" / "metadata.parquet"
    if not path.is_file():
        pytest.skip("the metadata of BigEarthNet are not available")
    metadata = read_metadata(path)
    facts = archive_facts(settings(2))
    assert len(metadata) == facts["images"] == 480_038
    assert metadata["split"].value_counts().to_dict() == {
        "train": 237_871,
        "validation": 122_342,
        "test": 119_825,
    }
    assert not metadata[["snow", "cloud"]].any(axis=None)
    assert metadata["tile"].nunique() > 50
    flags = label_flags(list(metadata["labels"]), facts, 19)
    assert flags.sum(axis=0, dtype=int).tolist() == COUNTS
    per_patch = flags.sum(axis=1, dtype=int)
    assert (per_patch.min(), per_patch.max()) == (1, 11)
    assert np.mean(per_patch) == pytest.approx(2.949, abs=0.0005)


def test_the_real_patches():
    if not REAL.is_dir():
        pytest.skip("the patches of BigEarthNet are not available")
    labels = labels_by_image(read_bigearthnet(REAL / "v1", settings(1)))
    assert len(labels) == 8
    assert labels["S2B_MSIL2A_20170924T93020_69_24"] == [
        *("Coniferous forest", "Mixed forest", "Transitional woodland, shrub"),
        *("Inland wetlands", "Inland waters"),
    ]
    both = read_bigearthnet(REAL / "v1", settings(1, sensor="both", labels=43))
    assert len(both.table) == 4
    assert both.attributes["tile"].tolist() == ["33UUP", "29UPU", "29SND", "35VPK"]
    second = read_bigearthnet(REAL / "v2", settings(2))
    assert second.attributes[["split", "country", "tile"]].to_numpy().tolist() == [
        ["validation", "Austria", "33UUP"]
    ]
