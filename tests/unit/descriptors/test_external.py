"""Descriptors from files that were written elsewhere."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from rsir.core.errors import InputError
from rsir.descriptors.external import read_external

NAMES = ["a", "b", "c", "d"]
ARCHIVE = pd.DataFrame({"image": NAMES, "path": [f"scene/{name}.tif" for name in NAMES]})
VECTORS = np.arange(12, dtype=np.float64).reshape(4, 3) / 7

Writer = Callable[[Path, list[str], NDArray[np.float64]], Path]


def parquet_of_lists(folder: Path, names: list[str], vectors: NDArray[np.float64]) -> Path:
    path = folder / "clay.parquet"
    pd.DataFrame({"image": names, "embedding": list(vectors)}).to_parquet(path)
    return path


def parquet_of_columns(folder: Path, names: list[str], vectors: NDArray[np.float64]) -> Path:
    path = folder / "clay.parquet"
    columns = {f"d{column}": values for column, values in enumerate(vectors.T)}
    pd.DataFrame({"image": names, **columns, "country": "Peru"}).to_parquet(path)
    return path


def hdf5(folder: Path, names: list[str], vectors: NDArray[np.float64]) -> Path:
    path = folder / "clay.h5"
    with h5py.File(path, "w") as file:
        file["image"] = names
        file["vectors"] = vectors
    return path


def npz(folder: Path, names: list[str], vectors: NDArray[np.float64]) -> Path:
    path = folder / "clay.npz"
    np.savez(path, image=np.array(names), vectors=vectors)
    return path


WRITERS: list[Writer] = [parquet_of_lists, parquet_of_columns, hdf5, npz]


@pytest.fixture(params=WRITERS)
def write(request: pytest.FixtureRequest) -> Writer:
    return request.param


@pytest.mark.parametrize("form", ["{}", "{}.tif", "scene/{}", "./scene/{}.png"])
def test_vectors_stand_in_the_order_of_the_archive(tmp_path, write, form):
    order = [2, 0, 3, 1]
    names = [form.format(NAMES[row]) for row in order]
    values = read_external(write(tmp_path, names, VECTORS[order]), ARCHIVE)
    assert values.dtype == np.float32
    assert np.array_equal(values, VECTORS.astype(np.float32))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "b", "c", "e"], "1 of 4 rows name images that the archive does not have: 'e'; rem"),
        (["a", "b", "c", "c.tif"], "rows 3 and 4 both name image 'c'; remove one"),
    ],
)
def test_other_images_are_refused(tmp_path, write, names, message):
    path = write(tmp_path, names, VECTORS)
    with pytest.raises(InputError, match=message) as raised:
        read_external(path, ARCHIVE)
    assert str(raised.value).startswith(f"{path}: ")


def test_images_without_a_vector_are_refused(tmp_path, write):
    path = write(tmp_path, NAMES[:2], VECTORS[:2])
    with pytest.raises(InputError, match="2 of the archive's 4 images without a row: 'c', 'd'"):
        read_external(path, ARCHIVE)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite_in_float32_are_refused(tmp_path, write, value):
    vectors = VECTORS.copy()
    vectors[2, 1] = value
    with pytest.raises(InputError, match=r"1 vectors have values that are not finite .* 'c'"):
        read_external(write(tmp_path, NAMES, vectors), ARCHIVE)


@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_damaged_files_are_refused_in_one_line(tmp_path, write, share):
    path = write(tmp_path, NAMES, VECTORS)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError) as raised:
        read_external(path, ARCHIVE)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_of_several_arrays_pool_is_read_or_none(tmp_path):
    path = tmp_path / "mine.npz"
    arrays = {"pool": VECTORS, "output": VECTORS * 2}
    np.savez(path, image=np.array(NAMES), **arrays)
    assert np.array_equal(read_external(path, ARCHIVE), VECTORS.astype(np.float32))
    np.savez(path, image=np.array(NAMES), one=VECTORS, two=VECTORS)
    with pytest.raises(InputError, match="2 arrays could be the vectors: one, two; keep one"):
        read_external(path, ARCHIVE)


def test_pickles_in_an_npz_file_are_not_executed(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, image=np.array(NAMES, dtype=object), vectors=VECTORS)
    with pytest.raises(InputError, match=r"mine\.npz: cannot be read .*pickle"):
        read_external(path, ARCHIVE)


def test_links_to_other_files_are_not_followed(tmp_path):
    other = hdf5(tmp_path, NAMES, VECTORS)
    path = tmp_path / "links.h5"
    with h5py.File(path, "w") as file:
        file["image"] = NAMES
        file["vectors"] = h5py.ExternalLink(other, "vectors")
    with pytest.raises(InputError, match=r"links\.h5: 'vectors' is stored outside the file"):
        read_external(path, ARCHIVE)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"vectors": VECTORS}, "there is no array 'image'"),
        ({"image": np.array(NAMES)}, "no array of vectors"),
        ({"image": np.arange(4), "vectors": VECTORS}, "'image' is not a list of texts"),
        ({"image": np.array(NAMES[:3]), "vectors": VECTORS}, "3 image names for 4 vectors"),
        ({"image": np.array(NAMES), "vectors": VECTORS.astype(str)}, "not numbers but"),
        ({"image": np.array(NAMES), "vectors": VECTORS[:, :0]}, "not numbers but"),
    ],
)
def test_files_of_something_else_are_refused(tmp_path, arrays, message):
    path = tmp_path / "mine.npz"
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=message):
        read_external(path, ARCHIVE)


def test_vectors_of_several_lengths_are_refused(tmp_path):
    path = tmp_path / "mine.parquet"
    pd.DataFrame({"image": NAMES, "vector": [[1.0], [1.0, 2.0], [1.0], [1.0]]}).to_parquet(path)
    with pytest.raises(InputError, match="the vectors differ in length"):
        read_external(path, ARCHIVE)


def test_other_kinds_of_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"mine\.npy: not a file of \.parquet, \.h5"):
        read_external(tmp_path / "mine.npy", ARCHIVE)
