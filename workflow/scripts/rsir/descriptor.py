"""Files of descriptors and of activations: HDF5, written in chunks as they come."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rsir.errors import InputError
from rsir.files import written_whole

IMAGE = "image"
CHUNK_BYTES = 1 << 16  # small, since a fine-tuning reads images in random order


class ArrayFile:
    """An open file of arrays with one row per image, filled from the first row to the last."""

    def __init__(self, file: h5py.File, images: Sequence[str]) -> None:
        self._file = file
        self._filled: dict[str, int] = {}
        self.rows = len(images)
        file.create_dataset(IMAGE, data=list(images), dtype=h5py.string_dtype("utf-8"))

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
def array_file(
    path: Path, images: Sequence[str], attributes: Mapping[str, Any]
) -> Iterator[ArrayFile]:
    """Open a new file of arrays, one row per image; it is there once the block has ended well."""
    with written_whole(path) as partial, h5py.File(partial, "w") as file:
        file.attrs.update({key: value for key, value in attributes.items() if value is not None})
        file.attrs["created"] = datetime.now(UTC).isoformat(timespec="seconds")
        arrays = ArrayFile(file, images)
        yield arrays
        arrays.check_filled()


def read_descriptors(path: Path, images: Sequence[str]) -> dict[str, np.ndarray]:
    """Read the descriptors of a file: name → float32 array N×D, in the order of the archive.

    Raises
    ------
    InputError
        If the file cannot be read or is not of these images.
    """
    with _opened(path, images) as file, readable(path):
        return {name: file[name][:] for name in file if name != IMAGE}


def read_attributes(path: Path) -> dict[str, Any]:
    """Read what a file says of its own making."""
    with h5py.File(path) as file:
        return dict(file.attrs)


@contextmanager
def open_activations(path: Path, images: Sequence[str]) -> Iterator[h5py.Dataset]:
    """Open the activations N×C×H×W of a file, to be read within `readable`.

    Raises
    ------
    InputError
        If the file cannot be read or is not of these images.
    """
    with _opened(path, images) as file:
        with readable(path):
            activations = file["activation"]
        yield activations


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what a damaged file raises as it is read, checksums among it, into an InputError."""
    try:
        yield
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: cannot be read ({reason}); delete it and run again") from error


@contextmanager
def _opened(path: Path, images: Sequence[str]) -> Iterator[h5py.File]:
    with readable(path):
        file = h5py.File(path)
    with file:
        with readable(path):
            own = list(file[IMAGE].asstr())
        if own != list(images):
            raise InputError(f"{path}: is of other images; delete it and run again")
        yield file
