import numpy as np
import pytest
from made_archive import archive_of, remarks_of, rows_of, subsets

from rsir.audit.split_checks import (
    close_to_training,
    on_sphere,
    one_sided_scenes,
    unexpected_shares,
)


def test_shares_that_are_far_from_the_request():
    subset = subsets("q" * 27 + "t" * 73)
    (finding,) = unexpected_shares(subset, {"test": 0.2, "validation": 0.0})
    assert "27 of 100 images (27 %) are in the subset 'test', not 20%" in finding.what
    assert list(unexpected_shares(subset, {"test": 0.25})) == []
    assert list(unexpected_shares(subset, {})) == []


def test_scenes_on_one_side():
    archive = archive_of({"sea": "1111"}, ["port", "port", "farm", "city"])
    training, test = one_sided_scenes(archive, subsets("tqqt"))
    assert (training.kind, rows_of(training)) == ("scenes without training images", [(2,)])
    assert (test.kind, rows_of(test)) == ("scenes without test images", [(3,)])
    assert "1 scene of 3 without test images: 'city'" in test.what


def test_scenes_on_both_sides_or_none():
    archive = archive_of({"sea": "1111"}, ["port", "port", "farm", "farm"])
    assert list(one_sided_scenes(archive, subsets("tqtq"))) == []
    assert list(one_sided_scenes(archive_of({"sea": "1111"}), subsets("ttqq"))) == []


def test_points_on_the_sphere():
    place = np.array([[0, 0], [90, 0], [0, 90], [180, 0], [45, 0]])
    root = np.sqrt(0.5)
    expected = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0], [root, root, 0]]
    np.testing.assert_allclose(on_sphere(place), expected, atol=1e-15)


# A degree of the equator is 6371 km × π / 180 = 111.19 km.
PLACES = np.array([[10.0, 0.0], [10.01, 0.0], [10.05, 0.0], [9.995, 0.0], [np.nan, np.nan]])


@pytest.mark.parametrize(
    ("distance", "remarks"),
    [
        (0.5, []),
        (1, ["0.56 km"]),
        (2, ["0.56 km", "1.11 km"]),
        (6, ["0.56 km", "1.11 km", "5.56 km"]),
    ],
)
def test_test_images_close_to_training_images(distance, remarks):
    findings = list(close_to_training(PLACES, subsets("tqqqq"), distance))
    assert len(findings) == bool(remarks)
    for finding in findings:
        assert remarks_of(finding) == remarks
        assert rows_of(finding) == [(3,), (1,), (2,)][: len(remarks)]
        assert f"{len(remarks)} of 3 test images with a known place" in finding.what
        assert finding.severity == "warning"


def test_places_across_the_date_line_are_close():
    place = np.array([[179.999, 10.0], [-179.999, 10.0]])
    (finding,) = close_to_training(place, subsets("tq"), 1)
    assert remarks_of(finding) == ["0.22 km"]  # 0.002° × 111.19 km × cos 10°


def test_few_close_images_are_a_note():
    place = np.stack([np.arange(22.0), np.zeros(22)], axis=1)
    place[1, 0] = 0.001
    (finding,) = close_to_training(place, subsets("t" + 21 * "q"), 1)
    assert (finding.severity, rows_of(finding)) == ("note", [(1,)])


def test_places_that_are_not_known():
    assert list(close_to_training(np.full((2, 2), np.nan), subsets("tq"), 10)) == []
