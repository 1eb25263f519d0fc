import pytest
from made_archive import archive_of, remarks_of, rows_of

from rsir.audit.scene_label_checks import nearly_constant_labels, promised_labels, promises, words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("storage_tank", ["storage", "tank"]),
        ("StorageTanks", ["storage", "tank"]),
        ("storagetanks", ["storagetank"]),
        ("parking lot", ["parking", "lot"]),
        ("mobile-homes", ["mobile", "home"]),
        ("harbor&port", ["harbor", "port"]),
        ("beaches", ["beach"]),
        ("Trees", ["tree"]),
        ("grass", ["grass"]),
        ("bus", ["bus"]),
        ("cities", ["city"]),
    ],
)
def test_words_are_compared_in_singular_and_lower_case(name, expected):
    assert words(name) == expected


@pytest.mark.parametrize(
    ("scene", "label", "is_whole_name"),
    [
        ("stadium", "Stadiums", True),
        ("parkinglot", "parking lot", True),
        ("dense_residential", "dense-residential", True),
        ("storage_tank", "tanks", False),
        ("storagetanks", "tanks", False),
        ("tennis_court", "court", False),
    ],
)
def test_the_name_of_a_scene_promises_a_label(scene, label, is_whole_name):
    assert promises([scene], ["trees", label]) == {scene: (label, is_whole_name)}


@pytest.mark.parametrize(
    ("scenes", "label"),
    [
        (["parkway"], "park"),  # no end
        (["mobile_home_park", "park"], "park"),  # the name of another scene
        (["railway_station"], "railway"),
        (["runway"], "way"),  # too short
        (["forest"], "trees"),
        ([""], "sea"),
    ],
)
def test_other_names_promise_nothing(scenes, label):
    assert scenes[0] not in promises(scenes, [label])


def scene_of(missing: int) -> list:
    """Return the findings on a scene of 40 stadiums of which some lack the label."""
    flags = "0" * missing + "1" * (40 - missing)
    return list(
        promised_labels(archive_of({"stadium": flags, "trees": 40 * "1"}, 40 * ["stadium"]))
    )


@pytest.mark.parametrize(
    ("missing", "severity"),
    [(40, "severe"), (21, "severe"), (20, "warning"), (3, "warning"), (2, "note"), (1, "note")],
)
def test_a_label_that_is_missing_on_its_scene(missing, severity):
    (finding,) = scene_of(missing)
    assert finding.severity == severity
    assert f"'stadium' is missing on {missing} of 40 images" in finding.what
    assert rows_of(finding) == [(row,) for row in range(missing)]


def test_a_label_that_all_images_of_its_scene_have():
    assert scene_of(0) == []


@pytest.mark.parametrize(("elsewhere", "found"), [("1111", 0), ("1110", 1), ("0000", 1)])
def test_the_end_of_a_name_may_be_the_content_of_another_scene(elsewhere, found):
    scenes = ["baseball_field"] * 4 + ["farmland"] * 4
    findings = list(promised_labels(archive_of({"field": "0000" + elsewhere}, scenes)))
    assert len(findings) == found
    assert all(finding.severity == "warning" for finding in findings)


@pytest.mark.parametrize(
    ("images", "missing", "found"),
    [(20, 0, 0), (20, 1, 1), (20, 2, 0), (19, 1, 0), (200, 2, 1), (200, 3, 0)],
)
def test_a_label_that_all_images_of_a_scene_have_but_a_few(images, missing, found):
    flags = "0" * missing + "1" * (images - missing)
    findings = list(nearly_constant_labels(archive_of({"sand": flags}, images * ["beach"])))
    assert len(findings) == found
    for finding in findings:
        assert rows_of(finding) == [(row,) for row in range(missing)]
        assert set(remarks_of(finding)) == {f"no 'sand', as {missing} of {images} of 'beach'"}


def test_an_image_that_lacks_two_labels_is_listed_once():
    flags = "0" + 19 * "1"
    archive = archive_of({"sand": flags, "sea": flags}, 20 * ["beach"])
    (finding,) = nearly_constant_labels(archive)
    assert remarks_of(finding) == [
        "no 'sand', as 1 of 20 of 'beach'; no 'sea', as 1 of 20 of 'beach'"
    ]


def test_a_promised_label_is_reported_once():
    archive = archive_of({"beach": "0" + 19 * "1"}, 20 * ["beach"])
    assert len(list(promised_labels(archive))) == 1
    assert list(nearly_constant_labels(archive)) == []


def test_archives_without_scenes():
    archive = archive_of({"sand": "0" + 39 * "1"})
    assert list(nearly_constant_labels(archive)) == []
    assert list(promised_labels(archive)) == []
