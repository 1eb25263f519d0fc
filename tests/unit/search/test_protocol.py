"""Queries, databases and protocols."""

import numpy as np
import pytest

from rsir.core.errors import InputError
from rsir.search.protocol import (
    KEPT,
    MOST_DUPLICATES,
    REMOVED,
    SAME_QUERIES,
    Search,
    find_search,
    headline_condition,
    most_excluded,
    search_conditions,
    without,
)

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


def test_queries_may_be_the_validation_images():
    search = find_search(SUBSET, "test", query_subset="validation")
    assert (search.queries.tolist(), search.database.tolist()) == ([2], [1, 3])
    assert search.own_rows.tolist() == [-1]
    with pytest.raises(InputError, match=r"retrieval\.queries: the split has no validation images"):
        find_search(np.array(["train", "test", "test"]), "test", query_subset="validation")


def test_validation_images_search_one_another_without_test_images():
    subset = np.array(["train", "validation", "test", "validation", "validation"])
    pairs = np.array([[0, 3], [2, 4], [1, 4]])
    search = find_search(subset, "validation", pairs, query_subset="validation")
    assert search.queries.tolist() == search.database.tolist() == [1, 3, 4]
    assert search.duplicates.tolist() == [[0, 2], [2, 0]]
    assert search.trained.tolist() == [1]


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


def test_excluded_rows_are_removed_from_rankings() -> None:
    ranked = np.array([[3, 1, 2, 0], [1, 0, 2, 4], [0, 1, 2, 3]])
    # The second query is ranked below the four, so that it loses the last rank.
    assert without(ranked, np.array([[1], [3], [2]])).tolist() == [[3, 2, 0], [1, 0, 2], [0, 1, 3]]
    # Rankings with fewer images than others end with −1.
    excluded = np.array([[1, 3, 0], [3, -1, -1], [0, 2, -1]])
    assert without(ranked, excluded).tolist() == [[2, -1, -1], [1, 0, 2], [1, 3, -1]]
    assert without(ranked, np.array([[-1], [0], [-1]])).tolist() == [
        *([3, 1, 2, 0], [1, 2, 4, -1], [0, 1, 2, 3])
    ]
    assert without(ranked, excluded[:, :0]) is ranked


def test_removal_agrees_with_that_of_each_query() -> None:
    rng = np.random.default_rng(0)
    ranked = rng.permuted(np.tile(np.arange(30), (200, 1)), axis=1)[:, :12].astype(np.int32)
    excluded = rng.permuted(np.tile(np.arange(30), (200, 1)), axis=1)[:, :5]
    excluded[np.arange(5) >= rng.integers(2, 6, 200)[:, None]] = -1
    removed = without(ranked, excluded)
    assert (removed.shape, removed.dtype) == ((200, 10), np.int32)
    for row, rows, of_query in zip(ranked, excluded, removed, strict=True):
        others = [place for place in row if place not in rows][:10]
        assert of_query.tolist() == others + [-1] * (10 - len(others))


def test_protocols() -> None:
    search = Search(np.array([3, 4]), np.array([3, 4, 6]))
    excluded, included = search_conditions(search, [1])
    assert (excluded.query, included.query) == ("excluded", "included")
    assert excluded.excluded.tolist() == [[0], [1]]
    assert included.excluded.shape == (2, 0)
    ranked = np.array([[0, 1, 2], [1, 2, 0]])
    assert excluded.of(ranked).tolist() == [[1, 2], [2, 0]]
    assert included.of(ranked).tolist() == ranked.tolist()
    assert {one.duplicates for one in (excluded, included)} == {KEPT}
    # Queries that are not in the database cannot retrieve themselves, so nothing is removed.
    (only,) = search_conditions(Search(np.array([3, 4]), np.array([0, 1, 2])), [1])
    assert only.query == "excluded"
    assert only.of(ranked).tolist() == ranked.tolist()


# Test images are 1, 3, 5, 6; 3 is a near duplicate of 1, 5 and 6, and 5 of 4, which trains.
SUBSETS = np.array(["train", "test", "validation", "test", "train", "test", "test"])
PAIRS = np.array([[1, 3], [3, 5], [3, 6], [4, 5], [0, 4], [0, 2]])


def test_near_duplicates_of_queries_are_found_in_the_database_and_in_the_training_part() -> None:
    search = find_search(SUBSETS, "test", PAIRS)
    assert search.duplicates.tolist() == [[0, 1], [1, 0], [1, 2], [1, 3], [2, 1], [3, 1]]
    assert search.trained.tolist() == [2]
    search = find_search(SUBSETS, "train", PAIRS)
    assert search.duplicates.tolist() == [[2, 1]]
    assert search.trained.tolist() == [2]
    search = find_search(SUBSETS, "all", PAIRS)
    assert search.duplicates.tolist() == [*([0, 3], [1, 1], [1, 5], [1, 6], [2, 3], [2, 4], [3, 3])]


def test_conditions_are_those_of_the_same_queries() -> None:
    found = search_conditions(find_search(SUBSETS, "all", PAIRS), [2, 3])
    assert [(one.query, one.duplicates) for one in found] == [
        (query, duplicates)
        for query in ("excluded", "included")
        for duplicates in (KEPT, REMOVED, SAME_QUERIES)
    ]
    assert [one.counted.tolist() for one in found] == [[0, 1, 2, 3], [0, 1, 3], [0, 1, 3]] * 2
    kept, removed, same, _, of_included, with_all = (one.excluded.tolist() for one in found)
    assert kept == [[1], [3], [5], [6]]
    assert removed == [[1, 3, -1, -1], [3, 1, 5, 6], [6, 3, -1, -1]]
    assert same == [[1], [3], [6]]
    assert of_included == [[3, -1, -1], [1, 5, 6], [3, -1, -1]]
    assert with_all == [[], [], []]
    assert most_excluded(found) == 4
    assert headline_condition(find_search(SUBSETS, "all", PAIRS)).excluded.tolist() == kept


def test_a_query_outside_the_database_is_left_out_for_a_duplicate_that_trained() -> None:
    found = search_conditions(find_search(SUBSETS, "train", PAIRS), [1])
    assert [one.duplicates for one in found] == [KEPT, REMOVED, SAME_QUERIES]
    assert [one.counted.tolist() for one in found] == [[0, 1, 2, 3], [0, 1, 3], [0, 1, 3]]
    assert {one.excluded.shape[1] for one in found} == {0}
    assert most_excluded(found) == 1


def test_without_duplicates_of_queries_there_is_one_treatment() -> None:
    for pairs in (None, PAIRS[:0], PAIRS[4:]):
        found = search_conditions(find_search(SUBSETS, "test", pairs), [1])
        assert [one.duplicates for one in found] == [KEPT] * 2
    # Nor if all queries have a near duplicate that trained.
    every = np.array([[0, 1], [0, 3], [0, 5], [0, 6]])
    assert {
        one.duplicates for one in search_conditions(find_search(SUBSETS, "all", every), [1])
    } == {KEPT}


def test_queries_with_too_few_images_left_are_left_out() -> None:
    search = find_search(SUBSETS, "all", PAIRS)  # of seven images, the second query may find three
    assert search_conditions(search, [1, 4])[1].counted.tolist() == [0, 3]
    assert most_excluded(search_conditions(search, [1, 4])) == 2
    assert len(search_conditions(search, [6])) == 2


def test_queries_with_very_many_duplicates_are_left_out() -> None:
    count = MOST_DUPLICATES + 3
    subset = np.array(["train"] + ["test"] * count)
    blank = np.array([[1, other] for other in range(2, count)])
    removed = search_conditions(find_search(subset, "test", blank), [1])[1]
    assert removed.counted.tolist() == list(range(1, count))
    removed = search_conditions(find_search(subset, "test", blank[:-1]), [1])[1]
    assert removed.counted.tolist() == list(range(count))
    assert removed.excluded.shape == (count, MOST_DUPLICATES + 1)


def test_a_query_is_not_compared_with_itself() -> None:
    assert find_search(SUBSET, "test").smallest_database == 1
    assert find_search(SUBSET, "train").smallest_database == 2
    assert find_search(SUBSET, "all").smallest_database == 4
