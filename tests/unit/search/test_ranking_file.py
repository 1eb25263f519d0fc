"""Who searches what, and the file of what was found."""

import h5py
import numpy as np
import pytest

from rsir.core.errors import InputError
from rsir.search.protocol import Search, find_search
from rsir.search.ranking_file import read_rankings, write_rankings

SUBSET = np.array(["train", "test", "validation", "test", "train"])
IMAGES = np.array(["a", "b", "ç", "d", "e"])


@pytest.mark.parametrize(
    ("database", "searched", "own_rows"),
    [("test", [1, 3], [0, 1]), ("train", [0, 4], [-1, -1]), ("all", [0, 1, 2, 3, 4], [1, 3])],
)
def test_each_test_image_searches_the_database(database, searched, own_rows):
    search = find_search(SUBSET, database)
    assert search.queries.tolist() == [1, 3]
    assert search.database.tolist() == searched
    assert search.own_rows.tolist() == own_rows


@pytest.mark.parametrize(("subset", "found"), [(["test", "test", "train"], 1), (["test"] * 2, 0)])
def test_a_database_of_less_than_two_images_is_refused(subset, found):
    with pytest.raises(InputError, match=rf"retrieval\.database: train has {found} images; two"):
        find_search(np.array(subset), "train")


def test_labels_are_those_of_queries_and_database(archive):
    queries, database, query_scenes, scenes = Search(
        np.array([0, 6]), np.array([1, 3])
    ).labels_and_scenes(archive)
    assert queries.tolist() == [[True, True, False, False], [False] * 4]
    assert database.tolist() == [[True, False, False, False], [False, False, True, False]]
    assert query_scenes.tolist() == ["port", "city"]
    assert scenes.tolist() == ["port", "farm"]


def test_without_scenes_there_are_none(archive):
    search = Search(np.array([0]), np.array([1, 2]))
    assert search.labels_and_scenes(archive.assign(scene=""))[2:] == (None, None)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rankings" / "model.h5"
    found = {
        "pool": (np.array([[1, 0], [0, 1]], dtype=np.int32), np.array([[1, 0.5]] * 2)),
        "output": (np.array([[0, 1], [0, 1]], dtype=np.int32), np.array([[1, 0.25]] * 2)),
    }
    search = Search(np.array([3, 1]), np.array([2, 1]))
    write_rankings(path, IMAGES, search, found, {"backbone": "vgg16", "seed": 3})
    return path


def test_what_is_written_is_read(path):
    search, found, attributes = read_rankings(path, IMAGES)
    assert search.queries.tolist() == [3, 1]
    assert search.database.tolist() == [2, 1]
    assert {name: places.tolist() for name, places in found.items()} == {
        "pool": [[1, 0], [0, 1]],
        "output": [[0, 1], [0, 1]],
    }
    assert all(attributes.pop(told) for told in ("created", "code", "device"))
    assert attributes == {"backbone": "vgg16", "seed": 3}


def test_anyone_can_read_the_file(path):
    with h5py.File(path) as file:
        assert list(file["query"].asstr()) == ["d", "b"]
        assert list(file["database"].asstr()) == ["ç", "b"]
        assert file["descriptors/output/similarity"][:].tolist() == [[1, 0.25]] * 2


def test_rows_are_found_by_the_images_whatever_their_order(path):
    search, _, _ = read_rankings(path, IMAGES[::-1])
    assert search.queries.tolist() == [1, 3]
    assert search.database.tolist() == [2, 3]


def test_rankings_of_other_images_are_refused(path):
    with pytest.raises(InputError, match=r"model\.h5: is damaged or of another archive; delete"):
        read_rankings(path, IMAGES[:3])


def test_damaged_rankings_are_refused(path):
    content = bytearray(path.read_bytes())
    content[content.index(np.array([[1, 0], [0, 1]], dtype=np.int32).tobytes())] ^= 1
    for damaged in (content, content[: len(content) // 2], b"no rankings"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"model\.h5: is damaged"):
            read_rankings(path, IMAGES)
