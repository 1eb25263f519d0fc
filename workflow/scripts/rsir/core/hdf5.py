"""HDF5 files of arrays with checksums and one row per image, written batch by batch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rsir.core.errors import InputError
from rsir.core.files import written_whole
from rsir.core.origin import circumstances

IMAGE = "image"
CHUNK_BYTES = 1 << 16  # small, since a fine-tuning reads images in random order
SPAN_ROWS = 8192  # rows between the first and the last that are read at once

UNREADABLE = (AttributeError, KeyError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""What h5py raises on a damaged file, or on a file with other contents."""


class ArrayFile:
    """An open file of arrays with one row per image, written from the first row to the last."""

    def __init__(self, file: h5py.File, images: Sequence[str]) -> None:
        self._file = file
        self._filled: dict[str, int] = {}
        self.rows = len(images)
        write_names(file, IMAGE, images)

    def append(self, name: str, values: np.ndarray) -> None:
        """Append rows to an array; the first call fixes its data type and the shape of a row."""
        start = self._filled.get(name, 0)
        if start == 0:
            row_bytes = int(values[0].nbytes)
            chunk = max(1, min(self.rows, CHUNK_BYTES // max(1, row_bytes)))
            self._file.create_dataset(
                name,
                shape=(self.rows, *values.shape[1:]),
                dtype=values.dtype,
                chunks=(chunk, *values.shape[1:]),
                fletcher32=True,
            )
        self._file[name][start : start + len(values)] = values
        self._filled[name] = start + len(values)

    def write_table(self, name: str, values: np.ndarray, attributes: Mapping[str, Any]) -> None:
        """Write an array that has no rows of images."""
        self._file.create_dataset(name, data=values, fletcher32=True).attrs.update(attributes)

    def check_filled(self) -> None:
        """Raise ValueError unless every array has a row for every image."""
        for name, rows in self._filled.items():
            if rows != self.rows:
                raise ValueError(f"{name} has {rows} rows for {self.rows} images")


@contextmanager
def new_arrays(path: Path, attributes: Mapping[str, Any]) -> Iterator[h5py.File]:
    """Create a file of arrays, in a format that also has checksums for the structure.

    Its attributes are those of `attributes` that are not None, and `circumstances()`.
    """
    with written_whole(path) as partial, h5py.File(partial, "w", libver="v110") as file:
        file.attrs.update({key: value for key, value in attributes.items() if value is not None})
        file.attrs.update(circumstances())
        yield file


def write_names(file: h5py.File, name: str, values: Iterable[str]) -> None:
    """Write names with checksums, which HDF5 supports for fixed-length strings only."""
    encoded = np.array([value.encode() for value in values], bytes)
    text = h5py.string_dtype("utf-8", max(1, encoded.dtype.itemsize))
    file.create_dataset(name, data=encoded.astype(text), fletcher32=True)


def has_names(file: h5py.File, name: str, values: Sequence[str] | np.ndarray) -> bool:
    """Return whether a file has these names, which it is read for block by block."""
    stored = file[name].asstr()
    return len(file[name]) == len(values) and all(
        list(stored[first : first + SPAN_ROWS]) == list(values[first : first + SPAN_ROWS])
        for first in range(0, len(values), SPAN_ROWS)
    )


@contextmanager
def array_file(
    path: Path, images: Sequence[str], attributes: Mapping[str, Any]
) -> Iterator[ArrayFile]:
    """Create a file of arrays, one row per image; it appears when the block succeeds."""
    with new_arrays(path, attributes) as file:
        arrays = ArrayFile(file, images)
        yield arrays
        arrays.check_filled()


def read_attributes(path: Path) -> dict[str, Any]:
    """Read the attributes of a file, which record its origin.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with readable(path), open_arrays(path) as file:
        return dict(file.attrs)


@contextmanager
def open_arrays(path: Path) -> Iterator[h5py.File]:
    """Open a file of arrays to read, if it is self-contained: HDF5 follows links to any file.

    Raises
    ------
    InputError
        If a dataset is stored outside the file.
    """
    with h5py.File(path) as file:
        if outside := _outside(file):
            raise InputError(
                f"{path}: {outside[0]!r} is stored outside the file; delete it and run again"
            )
        yield file


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn the errors of reading a damaged file, failed checksums included, into InputError."""
    try:
        yield
    except UNREADABLE as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: cannot be read ({reason}); delete it and run again") from error


@contextmanager
def open_image_arrays(path: Path, images: Sequence[str]) -> Iterator[h5py.File]:
    """Open a file of arrays to read, if its rows belong to these images.

    Raises
    ------
    InputError
        If the file cannot be read or holds other images.
    """
    with ExitStack() as stack:
        with readable(path):
            file = stack.enter_context(open_arrays(path))
            same = has_names(file, IMAGE, images)
        if not same:
            raise InputError(f"{path}: holds other images; delete it and run again")
        yield file


def _outside(file: h5py.File) -> list[str]:
    """Return the names of datasets and links that refer to data outside an open file."""
    outside: list[str] = []

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            outside.extend([name] if item.is_virtual or item.external else [])
        else:
            links = {child: item.get(child, getlink=True) for child in item}
            outside.extend(child for child in links if not isinstance(links[child], h5py.HardLink))

    visit("/", file)
    file.visititems(visit)
    return outside


def image_array(file: h5py.File, name: str, dimensions: int | None, dtype: type) -> h5py.Dataset:
    """Return a dataset; raise ValueError unless it has this type and one row per image.

    `dimensions` is their number; None allows any number of two or more.
    """
    array = file[name]
    fits = isinstance(array, h5py.Dataset) and array.dtype == dtype
    if not fits or array.ndim != (dimensions or max(2, array.ndim)):
        sizes = f"{dimensions or 'two or more'} dimensions"
        raise ValueError(f"{name} is not a {np.dtype(dtype)} array of {sizes}")
    if len(array) != len(file[IMAGE]):
        raise ValueError(f"{name} has {len(array)} rows for {len(file[IMAGE])} images")
    return array


def read_rows(array: h5py.Dataset, rows: np.ndarray) -> np.ndarray:
    """Read rows (R,) of a dataset in the order of `rows`.

    Rows that are near each other are read at once, since fancy indexing in h5py is a hundred times
    slower.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with readable(Path(array.file.filename)):
        if len(rows) and (np.diff(rows) == 1).all():
            consecutive: np.ndarray = array[rows[0] : rows[-1] + 1]
            return consecutive
        order = np.argsort(rows, kind="stable")
        ascending = rows[order]
        values = np.empty((len(rows), *array.shape[1:]), array.dtype)
        first = 0
        while first < len(rows):
            start = ascending[first]
            last = int(np.searchsorted(ascending, start + SPAN_ROWS))
            block = array[start : ascending[last - 1] + 1]
            values[order[first:last]] = block[ascending[first:last] - start]
            first = last
    return values
