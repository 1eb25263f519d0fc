"""The HDF5 files of descriptors and of activations."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rsir.core.hdf5 import (
    IMAGE,
    SPAN_ROWS,
    ArrayFile,
    image_array,
    open_arrays,
    open_image_arrays,
    read_rows,
    readable,
)
from rsir.descriptors.codes import Codes
from rsir.descriptors.fitted import Fitted

CODEBOOKS = "codebooks"
"""The group of what codes stand for, an array for each descriptor that is stored as codes."""

DIMENSION = "dimension"

STEPS = "steps"
"""The group of the parameters of derived descriptors, a group for each step that was fitted."""


def activation_names(count: int) -> list[str]:
    """Return the names of the activations in files: `activation`, or `activation_0` and so on."""
    return ["activation"] if count == 1 else [f"activation_{number}" for number in range(count)]


def read_descriptors(
    path: Path,
    images: Sequence[str],
    names: Collection[str] | None = None,
    rows: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Read the descriptors of a file: name → float32 array N×D, in the order of the archive.

    Codes are read as the vectors that they stand for.

    Parameters
    ----------
    path
        The file.
    images
        The images of the archive.
    names
        The descriptors to read, those that the file has; all by default.
    rows
        The rows of the archive to read, in their order; all by default.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    with open_descriptors(path, images) as arrays, readable(path):
        return {
            name: array[:] if rows is None else rows_of(array, rows)
            for name, array in arrays.items()
            if names is None or name in names
        }


def rows_of(array: h5py.Dataset | np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Read rows (R,) of descriptors that `open_descriptors` opened.

    Raises
    ------
    InputError
        If their file cannot be read.
    """
    return array[rows] if isinstance(array, np.ndarray) else read_rows(array, rows)


def blocks(count: int) -> Iterator[np.ndarray]:
    """Yield the numbers of `count` rows, as many at a time as are read at once."""
    for first in range(0, count, SPAN_ROWS):
        yield np.arange(first, min(first + SPAN_ROWS, count))


def write_codebook(file: ArrayFile, name: str, codes: Codes) -> None:
    """Write what the codes of a descriptor stand for."""
    file.write_table(f"{CODEBOOKS}/{name}", codes.codebook, {DIMENSION: codes.dimension})


def append_fitted(file: ArrayFile, fitted: Fitted) -> None:
    """Append the parameters by which a descriptor was derived."""
    for place, parameters in fitted.items():
        for name, values in parameters.items():
            file.write_table(f"{STEPS}/{place}/{name}", values, {})


def read_fitted(path: Path, definitions: Mapping[str, Mapping[str, Any]]) -> Fitted:
    """Read the parameters of each step of these definitions.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    fitted: Fitted = {}
    with readable(path), open_arrays(path) as file:
        for definition, entry in definitions.items():
            for number in range(len(entry.get("steps", []))):
                place = f"{definition}/{number}"
                group = file.get(f"{STEPS}/{place}", {})
                fitted[place] = {name: values[:] for name, values in group.items()}
    return fitted


def bytes_per_image(path: Path) -> dict[str, int]:
    """Read the bytes that each descriptor of a file takes for an image.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with readable(path), open_arrays(path) as file:
        return {name: file[name].dtype.itemsize * file[name].shape[1] for name in _names(file)}


@contextmanager
def open_descriptors(
    path: Path, images: Sequence[str]
) -> Iterator[dict[str, h5py.Dataset | np.ndarray]]:
    """Open the descriptors of a file, float32 N×D each; read them by `rsir.core.hdf5.read_rows`.

    Codes are read as a whole, as the vectors that they stand for.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    with open_image_arrays(path, images) as file:
        with readable(path):
            arrays = {name: _vectors(file, name) for name in _names(file)}
        yield arrays


class ShardedArray:
    """An array N×… in several files, read like a dataset of HDF5.

    Parameters
    ----------
    parts : sequence of Dataset
        Consecutive rows, none of them empty.
    """

    def __init__(self, parts: Sequence[h5py.Dataset]) -> None:
        self._parts = parts
        self._starts = np.cumsum([0, *map(len, parts)])
        self.shape = (int(self._starts[-1]), *parts[0].shape[1:])
        self.dtype = parts[0].dtype
        self.file = parts[0].file

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, rows: int | slice) -> np.ndarray:
        """Return one row, or consecutive rows."""
        if not isinstance(rows, slice):
            values: np.ndarray = self[rows : rows + 1][0]
            return values
        first, last, _ = rows.indices(len(self))
        values = np.empty((max(0, last - first), *self.shape[1:]), self.dtype)
        for start, part in zip(self._starts, self._parts, strict=False):
            low, high = max(first, start), min(last, start + len(part))
            if low < high:
                values[low - first : high - first] = part[low - start : high - start]
        return values


def _names(file: h5py.File) -> list[str]:
    return [name for name in file if name not in (IMAGE, CODEBOOKS, STEPS)]


def _vectors(file: h5py.File, name: str) -> h5py.Dataset | np.ndarray:
    if f"{CODEBOOKS}/{name}" not in file:
        return image_array(file, name, 2, np.float32)
    codebook = file[f"{CODEBOOKS}/{name}"]
    codes = image_array(file, name, 2, np.uint8)[:]
    return Codes(codes, codebook[:], int(codebook.attrs[DIMENSION])).vectors()


@contextmanager
def open_activations(path: Path, images: Sequence[str]) -> Iterator[list[h5py.Dataset]]:
    """Open the activations N×… of a file, one dataset for each tensor; read within `readable`.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    with open_image_arrays(path, images) as file:
        with readable(path):
            count = sum(name.startswith("activation") for name in file)
            names = activation_names(max(1, count))
            activations = [image_array(file, name, None, np.float16) for name in names]
        yield activations


@contextmanager
def open_sharded_activations(
    shards: Sequence[tuple[Path, Sequence[str]]],
) -> Iterator[list[h5py.Dataset | ShardedArray]]:
    """Open the activations N×… of files, each with its images; read within `readable`.

    Raises
    ------
    InputError
        If a file cannot be read or belongs to other images.
    """
    with ExitStack() as stack:
        parts = [
            stack.enter_context(open_activations(path, images)) for path, images in shards if images
        ]
        yield (
            parts[0] if len(parts) == 1 else [ShardedArray(one) for one in zip(*parts, strict=True)]
        )
