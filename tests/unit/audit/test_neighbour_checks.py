import numpy as np
import pytest
from made_archive import archive_of, remarks_of, rows_of

from rsir.audit.neighbour_checks import contradicted_labels, contradiction, jaccard, nearest

# i0 is a port among fields; i1 to i4 are the neighbours of each other
LABELS = {"sea": "10000", "ship": "10001", "field": "01111"}
NEIGHBOURS = np.array([[1, 2, 3], [2, 3, 4], [1, 3, 4], [1, 2, 4], [1, 2, 3]])
ALIKE = np.full((5, 3), 0.9)


def test_jaccard_of_label_sets():
    one = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], bool)
    other = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]], bool)
    np.testing.assert_allclose(jaccard(one, other), [1 / 3, 0, 1])


def test_contradiction_is_what_neighbours_agree_more_with_each_other():
    """The neighbours of i0 agree fully, i4 shares one of two labels with each of the others."""
    labels = np.array([[int(one) for one in flags] for flags in LABELS.values()], bool).T
    among = np.array([1, (1 + 0.5 + 0.5) / 3, (1 + 0.5 + 0.5) / 3, (1 + 0.5 + 0.5) / 3, 1])
    with_image = np.array([0, (1 + 1 + 0.5) / 3, (1 + 1 + 0.5) / 3, (1 + 1 + 0.5) / 3, 0.5])
    np.testing.assert_allclose(contradiction(labels, NEIGHBOURS), among - with_image)


def test_labels_that_contradict_images_of_the_same_look():
    (finding,) = contradicted_labels(archive_of(LABELS), NEIGHBOURS, ALIKE)
    assert finding.severity == "note"
    assert rows_of(finding) == [(0,), (4,)]
    assert finding.cases[0].beside == (1, 2, 3)
    assert remarks_of(finding) == ["has sea, ship; lacks field", "has ship"]


def test_an_image_that_looks_like_no_other_is_not_listed():
    similarity = ALIKE - 0.5 * (np.arange(5) == 0)[:, None]
    (finding,) = contradicted_labels(archive_of(LABELS), NEIGHBOURS, similarity)
    assert rows_of(finding) == [(4,)]


def test_labels_that_agree():
    archive = archive_of({"sea": "11111", "ship": "10110"})
    assert list(contradicted_labels(archive, NEIGHBOURS, ALIKE)) == []


def test_the_strongest_contradiction_is_first():
    labels = {"sea": "100000", "ship": "010000", "field": "011111"}
    neighbours = np.array([[2, 3, 4]] * 2 + [[3, 4, 5]] + [[2, 4, 5]] * 3)
    archive = archive_of(labels)
    flags = archive[list(labels)].to_numpy(bool)
    assert contradiction(flags, neighbours)[:2] == pytest.approx([1, 0.5])
    (finding,) = contradicted_labels(archive, neighbours, np.full((6, 3), 0.9))
    assert rows_of(finding) == [(0,), (1,)]


def test_an_image_is_no_neighbour_of_itself():
    ranked = np.array([[0, 1, 2], [0, 1, 2], [0, 1, 3], [3, 2, 0]])
    similarity = np.array([[1, 0.9, 0.8], [1, 1, 0.5], [0.7, 0.6, 0.5], [1, 0.4, 0.3]])
    neighbours, similar = nearest(ranked, similarity)
    assert neighbours.tolist() == [[1, 2], [0, 2], [0, 1], [2, 0]]
    assert similar.tolist() == [[0.9, 0.8], [1, 0.5], [0.7, 0.6], [0.4, 0.3]]
