"""The HDF5 file of rankings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from rsir.core.errors import InputError
from rsir.core.hdf5 import UNREADABLE, new_arrays, open_arrays, write_names
from rsir.metrics.arrays import Ints
from rsir.search.protocol import Ranking, Rankings, Search

NMRR, PUBLISHED = "nmrr", "published"
"""What stands beside the rankings of a descriptor: scores that need longer ones."""


def write_rankings(
    path: Path,
    images: np.ndarray,
    search: Search,
    rankings: Mapping[str, Ranking | Mapping[str, Ranking]],
    sizes: Mapping[str, int],
    attributes: Mapping[str, Any],
    nmrr: Mapping[str, np.ndarray] | None = None,
    published: Mapping[str, Mapping[tuple[str, int], np.ndarray]] | None = None,
) -> None:
    """Write the ranked images of each query, for each descriptor.

    The file holds the image names `query` and `database`; the near duplicates of the queries as in
    `Search`, `duplicates` and `trained`; and, in a group per descriptor, `position` (positions in
    `database`, best first) and `similarity`, in groups per `Condition.key` where the rankings
    differ. The attribute `bytes_per_image` of the group is that of `sizes`. `nmrr`, if
    given, is in the same group: (C, Q) by condition and query, NaN where a query is not scored;
    and the scores of whole rankings (Q,), as `published/{metric}/{k}`.
    """
    with new_arrays(path, attributes) as file:
        for name, rows in (("query", search.queries), ("database", search.database)):
            write_names(file, name, images[rows])
        for name, places in (("duplicates", search.duplicates), ("trained", search.trained)):
            file.create_dataset(name, data=places, fletcher32=True)
        for descriptor, ranking in rankings.items():
            group = file.create_group(f"descriptors/{descriptor}")
            group.attrs["bytes_per_image"] = sizes[descriptor]
            by_key = ranking.items() if isinstance(ranking, Mapping) else [("", ranking)]
            for key, values in by_key:
                place = group.create_group(key) if key else group
                for name, array in zip(("position", "similarity"), values, strict=True):
                    place.create_dataset(name, data=array, fletcher32=True)
        for descriptor, of_queries in (nmrr or {}).items():
            place = file[f"descriptors/{descriptor}"]
            place.create_dataset(NMRR, data=of_queries, fletcher32=True)
        for descriptor, scores in (published or {}).items():
            place = file[f"descriptors/{descriptor}"]
            for (metric, cutoff), of_queries in scores.items():
                name = f"{PUBLISHED}/{metric}/{cutoff}"
                place.create_dataset(name, data=of_queries, fletcher32=True)


def read_rankings(
    path: Path, images: np.ndarray
) -> tuple[Search, dict[str, Rankings], dict[str, Any]]:
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
            ranked: dict[str, Rankings] = {
                name: (
                    _positions(group["position"], search)
                    if "position" in group
                    else {
                        str(key): _positions(group[key]["position"], search)
                        for key in group
                        if key not in (NMRR, PUBLISHED)
                    }
                )
                for name, group in file["descriptors"].items()
            }
            return search, ranked, dict(file.attrs)
    except UNREADABLE as error:
        raise InputError(
            f"{path}: is damaged or of another archive; delete it and run again"
        ) from error


def read_similarity(rankings: Path, descriptor: str, key: str) -> NDArray[np.float32]:
    """Read the similarities (Q, depth) of the rankings of a descriptor, under a `Condition.key`.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        with open_arrays(rankings) as file:
            group = file[f"descriptors/{descriptor}"]
            place = group if "similarity" in group else group[key]
            similarity: NDArray[np.float32] = place["similarity"][:]
            return similarity
    except UNREADABLE as error:
        raise InputError(f"{rankings}: is damaged; delete it and run again") from error


def read_sizes(rankings: Path) -> dict[str, int]:
    """Read the bytes an image of each descriptor.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        with open_arrays(rankings) as file:
            groups = file["descriptors"].items()
            return {name: int(group.attrs["bytes_per_image"]) for name, group in groups}
    except UNREADABLE as error:
        raise InputError(f"{rankings}: is damaged; delete it and run again") from error


def read_nmrr(rankings: Path, conditions: int) -> dict[str, NDArray[np.float64]]:
    """Read the NMRR (C, Q) of each descriptor by condition and query, none without scenes.

    Raises
    ------
    InputError
        If the file cannot be read, or is of another number of conditions.
    """
    try:
        with open_arrays(rankings) as file:
            groups = file["descriptors"].items()
            values = {name: group[NMRR][:] for name, group in groups if NMRR in group}
            queries = len(file["query"])
    except UNREADABLE as error:
        raise InputError(f"{rankings}: is damaged; delete it and run again") from error
    for of_one in values.values():
        if of_one.shape != (conditions, queries) or of_one.dtype != np.float64:
            raise InputError(f"{rankings}: its NMRR is of other queries; delete it and run again")
    return values


def read_published(rankings: Path) -> dict[str, dict[tuple[str, int], NDArray[np.float64]]]:
    """Read the scores (Q,) of whole rankings of each descriptor, by metric and cutoff.

    Raises
    ------
    InputError
        If the file cannot be read, or has none.
    """
    try:
        with open_arrays(rankings) as file:
            return {
                name: {
                    (metric, cutoff): by_cutoff[str(cutoff)][:]
                    for metric, by_cutoff in group[PUBLISHED].items()
                    for cutoff in sorted(map(int, by_cutoff))
                }
                for name, group in file["descriptors"].items()
            }
    except UNREADABLE as error:
        raise InputError(
            f"{rankings}: is damaged or of no protocol; delete it and run again"
        ) from error


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


def _positions(array: h5py.Dataset, search: Search) -> Ints:
    """Return the ranked positions of a descriptor; check that they are database positions."""
    queries, depth = array.shape
    images = len(search.database)
    if queries != len(search.queries) or depth > images or array.dtype != np.int32:
        raise ValueError(f"{array.name} does not fit the queries")
    positions: Ints = array[:]
    if positions.size and not (positions.min() >= 0 and positions.max() < images):
        raise ValueError(f"{array.name} does not fit the database")
    return positions
