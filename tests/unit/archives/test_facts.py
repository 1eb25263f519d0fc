"""The facts of named archives: complete, consistent, and those of the archives themselves."""

import re
from itertools import product

import pytest
import yaml

from rsir.archives.facts import FOLDER, archive_facts, is_named

FILES = sorted(FOLDER.glob("*.yaml"))
KEYS = {
    *("title", "images", "all_images", "licence", "reference", "get", "quirks"),
    *(
        "images_in",
        "subset_folders",
        "tables",
        "optional",
        "lists",
        "lists_from",
        "md5_of_lists",
        "files",
    ),
    *("scenes", "labels", "sensor", "bands", "rgb", "nodata", "statistics", "numbered"),
    *("most_labels", "always", "weather", "classes", "groups"),
    *("s1", "s2", "snow", "cloud", "metadata", "others"),
}


def variants(file):
    choices = yaml.safe_load(file.read_text(encoding="utf-8")).get("variants", {})
    for values in product(*choices.values()):
        yield {"kind": file.stem, **dict(zip(choices, values, strict=True))}


ALL = [settings for file in FILES for settings in variants(file)]


@pytest.mark.parametrize("settings", ALL, ids=lambda one: "-".join(map(str, one.values())))
def test_facts_are_complete_and_consistent(settings):
    facts = archive_facts(settings)
    assert facts.keys() <= KEYS
    assert facts["images"] > 0
    assert all(facts[key].strip() for key in ("title", "licence", "reference", "get"))
    for names in ("scenes", "labels", "classes", "bands"):
        assert len(set(facts.get(names, []))) == len(facts.get(names, []))
    if "bands" in facts:
        assert set(facts["rgb"]["bands"]) <= set(facts["bands"])
        assert set(facts.get("statistics", facts["bands"])) >= set(facts["bands"])
    for _, deviation in facts.get("statistics", {}).values():
        assert deviation > 0


@pytest.mark.parametrize("settings", ALL, ids=lambda one: "-".join(map(str, one.values())))
def test_every_download_has_a_digest_and_what_it_gives(settings):
    for file in archive_facts(settings)["files"]:
        for part in file.get("parts", [file]):
            assert part["urls"]
            assert all(re.match("https?://", url) for url in part["urls"])
            assert "sha256" in part or "md5" in part
            assert re.fullmatch("[0-9a-f]{64}", part.get("sha256", "0" * 64))
            assert re.fullmatch("[0-9a-f]{32}", part.get("md5", "0" * 32))
        if "members" in file:
            assert re.compile(file["members"]).groups == 1
            assert f"({file['gives'].split('/')[0]}" in file["members"].replace("\\", "")
            assert file["unpacked_bytes"] > 0


def test_files_of_a_sensor_belong_to_it_alone():
    files = {
        sensor: [
            file["file"]
            for file in archive_facts({"kind": "bigearthnet", "version": 1, "sensor": sensor})[
                "files"
            ]
        ]
        for sensor in ("s1", "s2", "both")
    }
    lists = ["train.csv", "val.csv", "test.csv"]
    assert files["s1"] == ["BigEarthNet-S1-v1.0.tar.gz", *lists]
    assert files["s2"] == ["BigEarthNet-S2-v1.0.tar.gz", *lists]
    assert files["both"] == ["BigEarthNet-S2-v1.0.tar.gz", "BigEarthNet-S1-v1.0.tar.gz", *lists]


def test_the_first_variant_is_the_default():
    assert archive_facts({"kind": "eurosat"}) == archive_facts({"kind": "eurosat", "version": "ms"})
    assert archive_facts({"kind": "bigearthnet", "version": 2})["bands"][8] == "B8A"


def test_the_last_band_of_eurosat_is_b8a():
    assert archive_facts({"kind": "eurosat"})["bands"][8:] == ["B09", "B10", "B11", "B12", "B8A"]


@pytest.mark.parametrize(
    ("kind", "labels", "scenes"),
    [
        ("ucmerced", 17, 21),
        ("aid", 17, 30),
        ("dfc15", 8, 0),
        ("mlrsnet", 60, 46),
        ("planet", 17, 0),
        ("eurosat", 0, 10),
        ("resisc45", 0, 45),
        ("patternnet", 0, 38),
        ("rsscn7", 0, 7),
    ],
)
def test_labels_and_scenes_are_counted(kind, labels, scenes):
    facts = archive_facts({"kind": kind})
    assert len(facts.get("labels", [])) == labels
    assert len(facts.get("scenes", [])) == scenes


def test_eleven_classes_belong_to_none_of_the_19_labels():
    facts = archive_facts({"kind": "bigearthnet"})
    grouped = sorted(number for group in facts["groups"] for number in group["of"])
    assert len(facts["classes"]) == 43
    assert len(facts["groups"]) == 19
    assert set(range(43)) - set(grouped) == {3, 4, 5, 6, 7, 8, 9, 10, 30, 32, 37}
    assert len(grouped) == len(set(grouped))


def test_only_named_archives_have_facts():
    assert is_named("aid")
    assert not is_named("table")
