"""HDF5 files of encoded images: a dataset for each image, or a row for each."""

from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np

from rsir.archives.column_names import usual_image_columns
from rsir.archives.containers.container import Container, DamagedError
from rsir.archives.containers.encoded import PerProcess, with_endings
from rsir.core.errors import InputError, first_few
from rsir.core.hdf5 import UNREADABLE, open_arrays
from rsir.core.remembered import remembered


class Hdf5Archive(Container):
    """An HDF5 file whose datasets of bytes are files, or that has one dataset of them, row by row.

    A dataset of bytes is a file if its name has an ending, as `forest/7.jpg`. Otherwise, the rows
    of the only dataset of sequences of bytes are files; a dataset of text has their names.

    Raises
    ------
    InputError
        If it has neither, or is damaged.
    """

    def __init__(self, file: Path) -> None:
        index = remembered(file, "hdf5_index", _index)
        self._dataset: str | None = index["dataset"]
        super().__init__(file, index["names"])
        self._datasets: list[str] = index["datasets"]
        self._file = PerProcess(lambda: h5py.File(file))

    def _content(self, row: int) -> bytes:
        try:
            with self._file.use() as file:
                if self._dataset is not None:
                    return _bytes(file[self._dataset][row])
                return _bytes(file[self._datasets[row]][()])
        except UNREADABLE as error:
            raise DamagedError(" ".join(str(error).split())) from error


def _index(file: Path) -> dict[str, Any]:
    """Return the `names` of the files, and their `datasets`, or the one `dataset` of them."""
    datasets: dict[str, h5py.Dataset] = {}
    try:
        with open_arrays(file) as opened:
            opened.visititems(
                lambda name, item: (
                    datasets.update({name: item}) if isinstance(item, h5py.Dataset) else None
                )
            )
            files = [name for name, one in datasets.items() if _is_file(name, one)]
            if files:
                return {"names": files, "datasets": files, "dataset": None}
            return {**_rows(datasets, file), "datasets": []}
    except UNREADABLE as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{file}: cannot be read as HDF5 ({reason}); get another copy of it"
        ) from error


def _rows(datasets: dict[str, h5py.Dataset], file: Path) -> dict[str, Any]:
    sequences = [name for name, one in datasets.items() if one.ndim == 1 and _of_bytes(one)]
    if len(sequences) != 1:
        raise InputError(
            f"{file}: has no encoded images: neither datasets of bytes with names such as 7.jpg, "
            f"nor one dataset of a sequence of bytes for each image ({first_few(datasets)}); "
            "store the files that way, or use a folder"
        )
    images = datasets[sequences[0]]
    texts = [
        name
        for name, one in datasets.items()
        if one.shape == images.shape and h5py.check_string_dtype(one.dtype)
    ]
    named = [name for name in usual_image_columns(texts) if name in texts] or texts
    if not named:
        raise InputError(
            f"{file}: has no dataset of text with a name for each row of {sequences[0]!r}; add one"
        )
    names = list(datasets[named[0]].asstr())
    first = _bytes(images[0])[:16] if len(names) else b""
    return {"names": with_endings(names, first), "dataset": sequences[0]}


def _is_file(name: str, dataset: h5py.Dataset) -> bool:
    is_bytes = dataset.ndim == 1 and dataset.dtype in (np.uint8, np.int8)
    return bool(PurePosixPath(name).suffix) and (
        is_bytes or (dataset.ndim == 0 and _of_bytes(dataset))
    )


def _of_bytes(dataset: h5py.Dataset) -> bool:
    """Return whether each element of a dataset is a sequence of bytes."""
    return dataset.dtype.kind == "V" or h5py.check_vlen_dtype(dataset.dtype) in (np.uint8, np.int8)


def _bytes(value: Any) -> bytes:
    content: bytes = value.tobytes()
    return content
