"""Descriptors that were computed elsewhere: files of image names and vectors."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from rsir.archives.image_names import rows_by_image
from rsir.core.errors import InputError, first_few
from rsir.core.hdf5 import open_arrays

IMAGE = "image"
"""The column or array of image names."""

POOL = "pool"
"""The array that is read where a file has several."""


def read_external(path: Path, archive: pd.DataFrame) -> NDArray[np.float32]:
    """Read descriptors of the images of an archive, in its order: float32 N×D.

    A file has the names of the images under `image` and a vector for each of them, in any order: a
    Parquet table with a column of lists or with a column per dimension; or an HDF5 file or an npz
    file with an array N×D. Of several lists or arrays, `pool` is read. Nothing in a file is
    executed.

    Raises
    ------
    InputError
        If the file cannot be read, has no vector or several for an image of the archive, has
        other images, or has values that are not finite.
    """
    if path.suffix.lower() not in READERS:
        raise InputError(f"{path}: not a file of {', '.join(READERS)}; write one of these")
    names, vectors = READERS[path.suffix.lower()](path)
    if len(names) != len(vectors):
        raise InputError(f"{path}: {len(names)} image names for {len(vectors)} vectors")
    paths = dict(zip(archive["image"], archive["path"], strict=True))
    ordered = vectors[rows_by_image(names, paths, path)]
    with np.errstate(over="ignore"):
        values = ordered.astype(np.float32, copy=False)
    finite = [bool(np.isfinite(row).all()) for row in values]
    if broken := [i for i, sound in zip(archive["image"], finite, strict=True) if not sound]:
        raise InputError(
            f"{path}: {len(broken)} vectors have values that are not finite in float32, of "
            f"{first_few(broken)}; compute them again"
        )
    return values


def _read_parquet(path: Path) -> tuple[list[str], NDArray[Any]]:
    try:
        table = parquet.read_table(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error
    if IMAGE not in table.column_names:
        raise InputError(f"{path}: there is no column {IMAGE!r}; it holds the image names")
    names = _names(path, table[IMAGE].to_numpy())
    others = [name for name in table.column_names if name != IMAGE]
    lists = {name: table[name] for name in others if _is_list(table.schema.field(name).type)}
    if lists:
        column = lists[_chosen(path, lists)].combine_chunks()
        lengths = set(column.value_lengths().to_pylist())
        if len(lengths) != 1 or column.null_count:
            raise InputError(f"{path}: the vectors differ in length; write one length for all")
        flat = column.flatten().to_numpy(zero_copy_only=False)
        return names, _numbers(path, flat.reshape(len(names), -1))
    numbers = [name for name in others if _is_number(table.schema.field(name).type)]
    if not numbers:
        raise InputError(f"{path}: there is no column of vectors; write a column of lists")
    return names, _numbers(path, np.column_stack([table[name].to_numpy() for name in numbers]))


def _read_hdf5(path: Path) -> tuple[list[str], NDArray[Any]]:
    try:
        with open_arrays(path) as file:
            stored = {name: item for name, item in file.items() if isinstance(item, h5py.Dataset)}
            arrays = {name: item for name, item in stored.items() if item.ndim == 2}
            if IMAGE not in stored:
                raise InputError(f"{path}: there is no dataset {IMAGE!r}; it holds the image names")
            names = _names(path, stored[IMAGE].asstr()[:])
            return names, _numbers(path, arrays[_chosen(path, arrays)][:])
    except (AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from error


def _read_npz(path: Path) -> tuple[list[str], NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            if IMAGE not in file:
                raise InputError(f"{path}: there is no array {IMAGE!r}; it holds the image names")
            stored = {name: file[name] for name in file}
    except (AttributeError, EOFError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error
    arrays = {name: array for name, array in stored.items() if array.ndim == 2}
    return _names(path, stored[IMAGE]), _numbers(path, arrays[_chosen(path, arrays)])


READERS: dict[str, Callable[[Path], tuple[list[str], NDArray[Any]]]] = {
    ".parquet": _read_parquet,
    ".h5": _read_hdf5,
    ".hdf5": _read_hdf5,
    ".npz": _read_npz,
}
"""The reader of each kind of file: the image names, and the vectors N×D."""


def _chosen(path: Path, arrays: Mapping[str, Any]) -> str:
    if len(arrays) == 1 or POOL in arrays:
        return POOL if POOL in arrays else next(iter(arrays))
    if not arrays:
        raise InputError(f"{path}: there is no array of vectors, images × dimensions; add one")
    raise InputError(
        f"{path}: {len(arrays)} arrays could be the vectors: {', '.join(arrays)}; keep one of "
        f"them, or call it {POOL!r}"
    )


def _names(path: Path, values: NDArray[Any]) -> list[str]:
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if values.ndim != 1 or not all(isinstance(name, str) for name in values.tolist()):
        raise InputError(f"{path}: {IMAGE!r} is not a list of texts; write the image names there")
    return [str(name) for name in values]


def _numbers(path: Path, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind not in "fiub" or values.shape[1] == 0:
        raise InputError(f"{path}: the vectors are not numbers but {values.dtype}; write floats")
    return values


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _unreadable(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())
    return InputError(f"{path}: cannot be read ({reason}); write the file again")
