import pytest
from made_archive import archive_of, remarks_of, rows_of, subsets

from rsir.audit.label_checks import (
    absent_labels,
    broken_exclusions,
    crowded_images,
    rare_labels,
    twin_labels,
    unlabelled_images,
)
from rsir.core.errors import InputError


def test_labels_on_no_image_on_no_training_and_on_no_test_image():
    archive = archive_of({"sea": "1111", "ship": "0001", "farm": "1100", "lava": "0000"})
    nowhere, training, test = absent_labels(archive, subsets("ttqq"))
    assert (nowhere.kind, nowhere.severity) == ("labels on no image", "note")
    assert "1 label of 4 on no image: 'lava'" in nowhere.what
    assert nowhere.cases == ()
    assert (training.kind, training.severity) == ("labels on no training image", "warning")
    assert "'ship'" in training.what
    assert rows_of(training) == [(3,)]
    assert remarks_of(training) == ["ship"]
    assert (test.kind, rows_of(test)) == ("labels on no test image", [(0,), (1,)])


def test_labels_on_all_sides_are_not_absent():
    assert list(absent_labels(archive_of({"sea": "0101", "ship": "1010"}), subsets("ttqq"))) == []


@pytest.mark.parametrize(("minimum", "names"), [(0, []), (2, ["ship"]), (3, ["sea", "ship"])])
def test_labels_on_fewer_images_than_the_minimum(minimum, names):
    labels = {"sea": "111011", "ship": "100010", "lava": "111000"}
    found = list(rare_labels(archive_of(labels), subsets("tttqqq"), minimum))
    assert len(found) == bool(names)
    for finding in found:
        assert finding.severity == "note"
        assert [name for name in labels if repr(name) in finding.what] == names
        assert "'ship' (1 train, 1 test)" in finding.what


def test_images_without_labels():
    (finding,) = unlabelled_images(archive_of({"sea": "1010", "ship": "1000"}))
    assert rows_of(finding) == [(1,), (3,)]
    assert "2 images (50 %)" in finding.what
    assert finding.severity == "warning"
    assert list(unlabelled_images(archive_of({"sea": "11"}))) == []


def test_one_image_in_a_hundred_is_a_note():
    (finding,) = unlabelled_images(archive_of({"sea": "0" + 99 * "1"}))
    assert finding.severity == "note"


@pytest.mark.parametrize(("most", "found"), [(9, False), (10, True)])
def test_very_many_labels_are_more_than_the_median_and_its_spread(most, found):
    """The median of three labels allows 3 + 3.5 √3 = 9.06."""
    labels = {f"l{number}": "1111" if number < 3 else "0001" for number in range(most)}
    findings = list(crowded_images(archive_of(labels)))
    assert len(findings) == found
    for finding in findings:
        assert rows_of(finding) == [(3,)]
        assert remarks_of(finding) == ["10 labels"]
        assert "more than 9 labels, up to 10; the median is 3" in finding.what


WEATHER = [["clear", "cloudy", "haze"]]


def test_exclusive_labels_on_one_image():
    archive = archive_of({"clear": "1100", "cloudy": "0110", "haze": "0000", "road": "1111"})
    (two,) = broken_exclusions(archive, WEATHER)  # none on i3, but i3 is a quarter
    assert rows_of(two) == [(1,)]
    assert remarks_of(two) == ["clear, cloudy"]
    assert "two or more of 'clear', 'cloudy', 'haze'" in two.what


def test_an_image_without_any_of_the_labels_that_nearly_all_have():
    archive = archive_of({"clear": 39 * "1" + "0", "cloudy": 40 * "0", "haze": 40 * "0"})
    (none,) = broken_exclusions(archive, WEATHER)
    assert rows_of(none) == [(39,)]
    assert "none of 'clear'" in none.what


def test_exclusions_that_hold_or_are_of_another_archive():
    assert list(broken_exclusions(archive_of({"clear": "10", "cloudy": "01"}), [])) == []
    kept = archive_of({"clear": "100", "cloudy": "010", "haze": "001"})
    assert list(broken_exclusions(kept, WEATHER)) == []
    assert list(broken_exclusions(archive_of({"sea": "11"}), WEATHER)) == []


def test_an_exclusive_label_that_an_archive_does_not_have_is_refused():
    archive = archive_of({"clear": "10", "cloudy": "01"})
    with pytest.raises(InputError, match=r"audit\.exclusive: the archive has no label 'haze'"):
        list(broken_exclusions(archive, WEATHER))


def test_labels_that_always_come_together():
    labels = {"dock": "1111100", "ship": "1111100", "sea": "1111110", "lava": "0000000"}
    (finding,) = twin_labels(archive_of(labels | {"snow": "0000000"}))
    assert "2 labels always with another one: 'dock', 'ship' on 5 images" in finding.what
    assert list(twin_labels(archive_of({"dock": "1111000", "ship": "1111000"}))) == []
