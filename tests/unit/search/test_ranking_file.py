"""The HDF5 file of rankings."""

import h5py
import numpy as np
import pytest

from rsir.core.errors import InputError
from rsir.search.protocol import Search
from rsir.search.ranking_file import (
    read_rankings,
    read_similarity,
    read_sizes,
    write_rankings,
)

IMAGES = np.array(["a", "b", "ç", "d", "e"])
SIZES = {"pool": 5120, "output": 68}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rankings" / "model.h5"
    rankings = {
        "pool": (np.array([[1, 0], [0, 1]], dtype=np.int32), np.array([[1, 0.5]] * 2)),
        "output": (np.array([[0, 1], [0, 1]], dtype=np.int32), np.array([[1, 0.25]] * 2)),
    }
    search = Search(np.array([3, 1]), np.array([2, 1]), np.array([[0, 1]]), np.array([1]))
    write_rankings(path, IMAGES, search, rankings, SIZES, {"backbone": "vgg16", "seed": 3})
    return path


def test_written_rankings_are_read_unchanged(path):
    search, rankings, attributes = read_rankings(path, IMAGES)
    assert search.queries.tolist() == [3, 1]
    assert search.database.tolist() == [2, 1]
    assert search.duplicates.tolist() == [[0, 1]]
    assert search.trained.tolist() == [1]
    assert {name: positions.tolist() for name, positions in rankings.items()} == {
        "pool": [[1, 0], [0, 1]],
        "output": [[0, 1], [0, 1]],
    }
    assert all(attributes.pop(name) for name in ("created", "code", "device"))
    assert attributes == {"backbone": "vgg16", "seed": 3}


def test_rankings_of_each_condition_are_read_unchanged(path):
    search = Search(np.array([3, 1]), np.array([2, 1]))
    rankings = {
        f"excluded, {duplicates}": (np.array([order] * 2, np.int32), np.array([[1, value]] * 2))
        for duplicates, order, value in (("kept", [0, 1], 0.25), ("removed", [1, 0], 0.75))
    }
    write_rankings(path, IMAGES, search, {"pool": rankings}, SIZES, {})
    _, read, _ = read_rankings(path, IMAGES)
    assert read["pool"].keys() == rankings.keys()
    for key, (positions, similarity) in rankings.items():
        assert read["pool"][key].tolist() == positions.tolist()
        assert read_similarity(path, "pool", key).tolist() == similarity.tolist()


def test_the_bytes_of_an_image_are_read(path):
    assert read_sizes(path) == SIZES


def test_the_file_of_rankings_is_readable_with_plain_h5py(path):
    with h5py.File(path) as file:
        assert list(file["query"].asstr()) == ["d", "b"]
        assert list(file["database"].asstr()) == ["ç", "b"]
        assert file["descriptors/output/similarity"][:].tolist() == [[1, 0.25]] * 2


def test_rows_are_matched_by_image_name(path):
    search, _, _ = read_rankings(path, IMAGES[::-1])
    assert search.queries.tolist() == [1, 3]
    assert search.database.tolist() == [2, 3]


def test_a_search_without_duplicates_is_read_unchanged(path):
    search = Search(np.array([3, 1]), np.array([2, 1]))
    ranked = {"pool": (np.zeros((2, 1), dtype=np.int32), np.ones((2, 1)))}
    write_rankings(path, IMAGES, search, ranked, SIZES, {})
    read, _, _ = read_rankings(path, IMAGES)
    assert (read.duplicates.shape, read.trained.shape) == ((0, 2), (0,))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("duplicates", [[0, 2]]),
        ("duplicates", [[-1, 0]]),
        ("duplicates", [[1, 0], [0, 1]]),
        ("duplicates", [[0, 1, 1]]),
        ("duplicates", [[0.0, 1.0]]),
        ("duplicates", [0, 1]),
        ("trained", [2]),
        ("trained", [1, 1]),
        ("trained", [["0"]]),
    ],
)
def test_duplicates_of_other_queries_are_refused(path, name, values):
    with h5py.File(path, "r+") as file:
        del file[name]
        file[name] = values
    with pytest.raises(InputError, match=r"model\.h5: is damaged or of another archive; delete"):
        read_rankings(path, IMAGES)


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
