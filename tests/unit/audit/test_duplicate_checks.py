import pandas as pd
import pytest
from made_archive import archive_of, remarks_of, rows_of, subsets

from rsir.audit.duplicate_checks import duplicate_findings, identical_files

ACROSS = "duplicates across the split"
QUERIES = "duplicates between queries and database"
OTHER = "other duplicates"


def pairs(*rows: tuple[int, int, int, str]) -> pd.DataFrame:
    """Return a table of duplicates from group, two numbers of images, and kind."""
    return pd.DataFrame(
        [(group, f"i{one}", f"i{other}", kind) for group, one, other, kind in rows],
        columns=["group", "image", "duplicate", "kind"],
    )


def test_identical_files_are_pairs_with_the_first_of_them():
    table = identical_files(archive_of({"sea": "11111"}, digests="abaab"))
    assert table.to_numpy().tolist() == [
        [1, "i0", "i2", "identical"],
        [1, "i0", "i3", "identical"],
        [2, "i1", "i4", "identical"],
    ]
    assert identical_files(archive_of({"sea": "11"}, digests="ab")).empty


@pytest.mark.parametrize(
    ("letters", "database", "kinds"),
    [
        ("tqtq", "test", [ACROSS]),
        ("tqtq", "train", [ACROSS]),
        ("vqtq", "test", [ACROSS]),
        ("qqtt", "test", [QUERIES]),
        ("qqtt", "all", [QUERIES]),
        ("qqtt", "train", [OTHER]),
        ("ttqq", "test", [OTHER]),
        ("tvqq", "test", [OTHER]),
    ],
)
def test_a_pair_is_reported_by_what_it_does(letters, database, kinds):
    archive = archive_of({"sea": "1111"})
    found = list(duplicate_findings(archive, subsets(letters), database, pairs((1, 0, 1, "near"))))
    assert [finding.kind for finding in found] == kinds
    (finding,) = found
    assert rows_of(finding) == [(0, 1)]
    assert remarks_of(finding) == ["near"]


def test_images_of_a_group_are_together_and_counted_once():
    table = pairs((1, 0, 1, "identical"), (1, 0, 2, "near"), (1, 1, 2, "near"), (2, 3, 4, "near"))
    archive = archive_of({"sea": "111111"})
    across, queries = duplicate_findings(archive, subsets("tqqqqt"), "test", table)
    assert rows_of(across) == [(0, 1, 2)]
    assert "2 of 4 test images (50 %)" in across.what
    assert remarks_of(across) == ["identical, near"]
    assert rows_of(queries) == [(1, 2), (3, 4)]
    assert across.severity == queries.severity == "severe"


def test_one_test_image_in_a_hundred_is_no_severe_finding():
    archive = archive_of({"sea": 101 * "1"})
    (finding,) = duplicate_findings(
        archive, subsets("t" + 100 * "q"), "test", pairs((1, 0, 1, "near"))
    )
    assert finding.severity == "warning"


@pytest.mark.parametrize(("kind", "found"), [("identical", 1), ("near", 1), ("overlap", 0)])
def test_duplicates_with_other_labels(kind, found):
    archive = archive_of({"sea": "1111", "ship": "0100"})
    table = pairs((1, 0, 1, kind), (2, 2, 3, kind))
    findings = duplicate_findings(archive, subsets("ttqq"), "train", table)
    other = [finding for finding in findings if finding.kind == "duplicates with other labels"]
    assert [rows_of(finding) for finding in other] == [[(0, 1)]] * found


@pytest.mark.parametrize(("size", "found"), [(10, 0), (11, 1)])
def test_groups_that_hold_a_large_part_of_the_archive(size, found):
    table = pairs(*((1, row, row + 1, "overlap") for row in range(size - 1)))
    archive = archive_of({"sea": 200 * "1"})
    findings = duplicate_findings(archive, subsets(200 * "t"), "test", table)
    large = [finding for finding in findings if finding.kind == "large groups of duplicates"]
    assert len(large) == found
    assert all(f"up to {size} images" in finding.what for finding in large)


def test_no_duplicates():
    assert list(duplicate_findings(archive_of({"sea": "11"}), subsets("tq"), "test", pairs())) == []
