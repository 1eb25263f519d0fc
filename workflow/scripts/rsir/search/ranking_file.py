"""The HDF5 file of rankings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from rsir.core.errors import InputError
from rsir.core.hdf5 import UNREADABLE, new_arrays, open_arrays, write_names
from rsir.search.protocol import Search


def write_rankings(
    path: Path,
    images: np.ndarray,
    search: Search,
    rankings: Mapping[str, tuple[np.ndarray, np.ndarray]],
    attributes: Mapping[str, Any],
) -> None:
    """Write the ranked images of each query, for each descriptor.

    The file holds the image names `query` and `database`; the near duplicates of the queries as in
    `Search`, `duplicates` and `trained`; and, in a group per descriptor, `position` (positions in
    `database`, best first) and `similarity`.
    """
    with new_arrays(path, attributes) as file:
        for name, rows in (("query", search.queries), ("database", search.database)):
            write_names(file, name, images[rows])
        for name, places in (("duplicates", search.duplicates), ("trained", search.trained)):
            file.create_dataset(name, data=places, fletcher32=True)
        for descriptor, (position, similarity) in rankings.items():
            for name, values in (("position", position), ("similarity", similarity)):
                file.create_dataset(
                    f"descriptors/{descriptor}/{name}", data=values, fletcher32=True
                )


def read_rankings(
    path: Path, images: np.ndarray
) -> tuple[Search, dict[str, np.ndarray], dict[str, Any]]:
    """Read the search, the ranked database positions of each descriptor, and the attributes.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    row = {image: number for number, image in enumerate(images)}
    try:
        with open_arrays(path) as file:
            queries, database = (
                np.array([row[i] for i in file[name].asstr()]) for name in ("query", "database")
            )
            search = Search(queries, database, file["duplicates"][:], file["trained"][:])
            _check_duplicates(search)
            ranked = {
                name: _positions(group["position"], search)
                for name, group in file["descriptors"].items()
            }
            return search, ranked, dict(file.attrs)
    except UNREADABLE as error:
        raise InputError(
            f"{path}: is damaged or of another archive; delete it and run again"
        ) from error


def read_similarity(rankings: Path, descriptor: str) -> NDArray[np.float32]:
    """Read the similarities (Q, depth) of the rankings of a descriptor.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        with open_arrays(rankings) as file:
            similarity: NDArray[np.float32] = file[f"descriptors/{descriptor}/similarity"][:]
            return similarity
    except UNREADABLE as error:
        raise InputError(f"{rankings}: is damaged; delete it and run again") from error


def _check_duplicates(search: Search) -> None:
    """Raise ValueError unless `duplicates` and `trained` fit the queries and the database."""
    duplicates, trained = search.duplicates, search.trained
    sizes = [len(search.queries), len(search.database)]
    if (
        (duplicates.ndim, trained.ndim) != (2, 1)
        or not duplicates.dtype == trained.dtype == np.int64
        or not ((duplicates >= 0) & (duplicates < sizes)).all()
        or not ((trained >= 0) & (trained < sizes[0])).all()
        or (np.diff(duplicates @ [sizes[1], 1]) <= 0).any()
        or (np.diff(trained) <= 0).any()
    ):
        raise ValueError("the near duplicates do not fit the queries")


def _positions(array: h5py.Dataset, search: Search) -> NDArray[np.int32]:
    """Return the ranked positions of a descriptor; check that they are database positions."""
    queries, depth = array.shape
    images = len(search.database)
    if queries != len(search.queries) or depth > images or array.dtype != np.int32:
        raise ValueError(f"{array.name} does not fit the queries")
    positions: NDArray[np.int32] = array[:]
    if not np.isin(positions, np.arange(images)).all():
        raise ValueError(f"{array.name} does not fit the database")
    return positions
