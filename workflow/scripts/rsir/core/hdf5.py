"""HDF5 files of arrays with checksums, a row per image, written in chunks as they come."""

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

UNREADABLE = (AttributeError, KeyError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""What h5py raises on a damaged file, or on one that holds something else."""


class ArrayFile:
    """An open file of arrays with one row per image, filled from the first row to the last."""

    def __init__(self, file: h5py.File, images: Sequence[str]) -> None:
        self._file = file
        self._filled: dict[str, int] = {}
        self.rows = len(images)
        write_names(file, IMAGE, images)

    def append(self, name: str, values: np.ndarray) -> None:
        """Add the next rows of an array; the first ones fix its type and the shape of a row."""
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

    def check_filled(self) -> None:
        """Raise ValueError unless every array has a row for every image."""
        for name, rows in self._filled.items():
            if rows != self.rows:
                raise ValueError(f"{name} has {rows} rows for {self.rows} images")


@contextmanager
def new_arrays(path: Path, attributes: Mapping[str, Any]) -> Iterator[h5py.File]:
    """Open a new file of arrays, in a format whose structure has checksums, too.

    It tells `attributes`, those that are not None, and the circumstances of its making.
    """
    with written_whole(path) as partial, h5py.File(partial, "w", libver="v110") as file:
        file.attrs.update({key: value for key, value in attributes.items() if value is not None})
        file.attrs.update(circumstances())
        yield file


def write_names(file: h5py.File, name: str, values: Iterable[str]) -> None:
    """Write names with checksums, which HDF5 has for texts of one length alone."""
    encoded = np.char.encode(np.array(list(values), str), "utf-8")
    text = h5py.string_dtype("utf-8", encoded.dtype.itemsize)
    file.create_dataset(name, data=encoded.astype(text), fletcher32=True)


@contextmanager
def array_file(
    path: Path, images: Sequence[str], attributes: Mapping[str, Any]
) -> Iterator[ArrayFile]:
    """Open a new file of arrays, one row per image; it is there once the block has ended well."""
    with new_arrays(path, attributes) as file:
        arrays = ArrayFile(file, images)
        yield arrays
        arrays.check_filled()


def read_attributes(path: Path) -> dict[str, Any]:
    """Read what a file says of its own making.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with readable(path), open_arrays(path) as file:
        return dict(file.attrs)


@contextmanager
def open_arrays(path: Path) -> Iterator[h5py.File]:
    """Open a file of arrays to read, if all that it has is in it: HDF5 would follow it anywhere.

    Raises
    ------
    InputError
        If something in it is read from another place.
    """
    with h5py.File(path) as file:
        if outside := _outside(file):
            raise InputError(
                f"{path}: {outside[0]!r} is not in it, but read from elsewhere; "
                "delete it and run again"
            )
        yield file


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what a damaged file raises as it is read, checksums among it, into an InputError."""
    try:
        yield
    except UNREADABLE as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: cannot be read ({reason}); delete it and run again") from error


@contextmanager
def open_image_arrays(path: Path, images: Sequence[str]) -> Iterator[h5py.File]:
    """Open a file of arrays to read, if its rows are those of the images.

    Raises
    ------
    InputError
        If the file cannot be read or is not of these images.
    """
    with ExitStack() as stack:
        with readable(path):
            file = stack.enter_context(open_arrays(path))
            own = list(file[IMAGE].asstr())
        if own != list(images):
            raise InputError(f"{path}: is of other images; delete it and run again")
        yield file


def _outside(file: h5py.File) -> list[str]:
    """Return the names of what an open file has only by reference."""
    found: list[str] = []

    def look(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            found.extend([name] if item.is_virtual or item.external else [])
        else:
            links = {child: item.get(child, getlink=True) for child in item}
            found.extend(child for child in links if not isinstance(links[child], h5py.HardLink))

    look("/", file)
    file.visititems(look)
    return found


def image_array(file: h5py.File, name: str, dimensions: int, dtype: type) -> h5py.Dataset:
    """Return an array of a file, if it is of this type, with a row for each image."""
    array = file[name]
    if not isinstance(array, h5py.Dataset) or (array.ndim, array.dtype) != (dimensions, dtype):
        raise ValueError(f"{name} is no {np.dtype(dtype)} array of {dimensions} dimensions")
    if len(array) != len(file[IMAGE]):
        raise ValueError(f"{name} has {len(array)} rows for {len(file[IMAGE])} images")
    return array
