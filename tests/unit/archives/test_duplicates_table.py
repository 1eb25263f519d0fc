import pandas as pd
import pytest

from rsir.archives.duplicates_table import (
    COLUMNS,
    duplicate_groups,
    duplicate_pairs,
    duplicates_table,
    read_duplicates,
    write_duplicates,
)
from rsir.core.errors import InputError

IMAGES = ["a", "001", "c,d", "NA", "e"]


@pytest.fixture
def pairs():
    pairs = pd.DataFrame({"first": [4, 2, 3], "second": [2, 0, 1]})
    return pairs.assign(
        kind="near", correlation=0.9, overlap=0.5, rotation=90.0, mirrored=1, scale=0.8
    )


def test_pairs_are_in_the_order_of_groups_and_of_the_archive(pairs):
    table = duplicates_table(IMAGES, pairs)
    assert list(table.columns) == list(COLUMNS)
    rows = table[["group", "image", "duplicate"]].to_numpy().tolist()
    assert rows == [[1, "a", "c,d"], [1, "c,d", "e"], [2, "001", "NA"]]


def test_written_tables_are_read_as_they_were(pairs, tmp_path):
    path = tmp_path / "results" / "duplicates.csv"
    for table in (duplicates_table(IMAGES, pairs), duplicates_table(IMAGES, pairs[:0])):
        write_duplicates(table, path)
        pd.testing.assert_frame_equal(read_duplicates(path, IMAGES), table)


def test_pairs_are_rows_of_the_archive(pairs):
    table = duplicates_table(IMAGES, pairs)
    assert duplicate_pairs(table, IMAGES).tolist() == [[0, 2], [2, 4], [1, 3]]
    assert duplicate_pairs(table[:0], IMAGES).shape == (0, 2)


def test_groups_are_connected_components(pairs):
    groups = duplicate_groups(pairs[["first", "second"]].to_numpy(), 6)
    assert groups.tolist() == [1, 2, 1, 2, 1, 0]


def test_tables_of_other_archives_are_refused(pairs, tmp_path):
    write_duplicates(duplicates_table(IMAGES, pairs), tmp_path / "duplicates.csv")
    with pytest.raises(InputError, match="the archive has no 'e'; delete it"):
        read_duplicates(tmp_path / "duplicates.csv", IMAGES[:4])


@pytest.mark.parametrize(
    "text", ["", "group,image\n1,a\n", ",".join(COLUMNS) + "\nx,a,e,near,1,1,0,0,1"]
)
def test_damaged_tables_are_refused(text, tmp_path):
    (tmp_path / "duplicates.csv").write_text(text)
    with pytest.raises(InputError, match=r"duplicates\.csv: is damaged or missing|empty"):
        read_duplicates(tmp_path / "duplicates.csv", IMAGES)
