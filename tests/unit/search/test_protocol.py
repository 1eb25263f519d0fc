"""Queries, databases and protocols."""

import numpy as np
import pytest

from rsir.core.errors import InputError
from rsir.search.protocol import Search, find_search, under_protocol, without_query

SUBSET = np.array(["train", "test", "validation", "test", "train"])


@pytest.mark.parametrize(
    ("database", "rows", "own_rows"),
    [("test", [1, 3], [0, 1]), ("train", [0, 4], [-1, -1]), ("all", [0, 1, 2, 3, 4], [1, 3])],
)
def test_each_test_image_searches_the_database(database, rows, own_rows):
    search = find_search(SUBSET, database)
    assert search.queries.tolist() == [1, 3]
    assert search.database.tolist() == rows
    assert search.own_rows.tolist() == own_rows


@pytest.mark.parametrize(("subset", "count"), [(["test", "test", "train"], 1), (["test"] * 2, 0)])
def test_a_database_of_fewer_than_two_images_is_refused(subset, count):
    with pytest.raises(InputError, match=rf"retrieval\.database: train has {count} images; two"):
        find_search(np.array(subset), "train")


def test_labels_are_those_of_queries_and_database(archive):
    queries, database, query_scenes, scenes = Search(
        np.array([0, 6]), np.array([1, 3])
    ).labels_and_scenes(archive)
    assert queries.tolist() == [[True, True, False, False], [False] * 4]
    assert database.tolist() == [[True, False, False, False], [False, False, True, False]]
    assert query_scenes.tolist() == ["port", "city"]
    assert scenes.tolist() == ["port", "farm"]


def test_scenes_are_none_for_an_archive_without_scenes(archive):
    search = Search(np.array([0]), np.array([1, 2]))
    assert search.labels_and_scenes(archive.assign(scene=""))[2:] == (None, None)


def test_without_query_removes_the_query_or_the_last_rank() -> None:
    ranked = np.array([[3, 1, 2], [1, 0, 2], [0, 1, 2]])
    others = without_query(ranked, np.array([1, 3, -1]))
    assert others.tolist() == [[3, 2], [1, 0], [0, 1]]


def test_protocols() -> None:
    ranked, own_rows = np.array([[0, 1, 2], [1, 2, 0]]), np.array([0, 1])
    excluded, excluded_rows = under_protocol("excluded", ranked, own_rows)
    assert excluded.tolist() == [[1, 2], [2, 0]]
    assert excluded_rows.tolist() == [0, 1]
    included, excluded_rows = under_protocol("included", ranked, own_rows)
    assert included.tolist() == ranked.tolist()
    assert excluded_rows.tolist() == [-1, -1]
    # Queries that are not in the database cannot retrieve themselves, so nothing is removed.
    excluded, excluded_rows = under_protocol("excluded", ranked, excluded_rows)
    assert excluded.tolist() == ranked.tolist()


def test_a_query_is_not_compared_with_itself() -> None:
    assert find_search(SUBSET, "test").smallest_database == 1
    assert find_search(SUBSET, "train").smallest_database == 2
    assert find_search(SUBSET, "all").smallest_database == 4
