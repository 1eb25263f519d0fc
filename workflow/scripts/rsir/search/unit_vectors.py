"""Descriptors whose rows are normalised on access, held in memory or left in their file."""

from collections.abc import Iterator
from dataclasses import dataclass

import h5py
import numpy as np
import torch
from torch import Tensor

from rsir.core.errors import InputError
from rsir.core.hdf5 import read_rows

NORM_ROWS = 1024
FILE_ROWS = 8192

GATHERED_BYTES = {"cpu": 1 << 20, "cuda": 1 << 30}
"""Size of a block compared in double precision, by the type of the device; fits a CPU's cache."""

HELD_BYTES = 1 << 28
"""Size up to which the descriptors of a file are held in memory; on a GPU, half of what is free."""

MIN_NORM = 1e-60  # replaces a norm of zero; nonzero float32 vectors have larger norms


@dataclass(frozen=True)
class UnitVectors:
    """Descriptors (N, D) in memory, or on the device where they fit."""

    vectors: Tensor
    norms: Tensor
    device: torch.device

    @property
    def dimension(self) -> int:
        """The length of a descriptor."""
        return self.vectors.shape[1]

    def held(self, rows: np.ndarray) -> tuple["UnitVectors", np.ndarray]:
        """Return descriptors in memory, and the places of `rows` among them."""
        return self, rows

    def rows(self, rows: np.ndarray, dtype: torch.dtype) -> Tensor:
        """Return the unit vectors of `rows`."""
        index = self._index(rows)
        vectors = self.vectors[index].to(self.device, dtype)
        # In two steps, since a very small norm underflows in single precision.
        root = self.norms[index].sqrt().to(self.device, dtype)[:, None]
        return vectors.div_(root).div_(root)

    def similarity(self, queries: np.ndarray, candidates: np.ndarray) -> Tensor:
        """Return the float32 similarity (Q, K) of queries (Q,) and their candidates (Q, K).

        It is computed in double precision.
        """
        row_bytes = 8 * self.dimension * candidates.shape[1]
        count = max(1, GATHERED_BYTES[self.device.type] // row_bytes)
        # Written in place: small allocations between the large blocks would fragment the memory.
        similarity = torch.empty(candidates.shape, device=self.device)
        for first in range(0, len(queries), count):
            part = slice(first, first + count)
            similarity[part] = self._similarity(queries[part], candidates[part])
        return similarity

    def _similarity(self, queries: np.ndarray, candidates: np.ndarray) -> Tensor:
        pair = (self._index(queries), self._index(candidates))
        query_vectors, vectors = (self.vectors[rows].to(self.device).double() for rows in pair)
        query_norms, norms = (self.norms[rows].to(self.device) for rows in pair)
        products = (vectors @ query_vectors[:, :, None])[:, :, 0]
        return (products / (query_norms[:, None] * norms)).float()

    def _index(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(rows).to(self.vectors.device)


@dataclass(frozen=True)
class StoredUnitVectors:
    """Descriptors (N, D) in a file, of which some rows at a time are read, and their norms."""

    array: h5py.Dataset
    norms: Tensor
    device: torch.device

    @property
    def dimension(self) -> int:
        """The length of a descriptor."""
        width: int = self.array.shape[1]
        return width

    def held(self, rows: np.ndarray) -> tuple[UnitVectors, np.ndarray]:
        """Return descriptors in memory, and the places of `rows` among them."""
        vectors, norms = torch.from_numpy(read_rows(self.array, rows)), self.norms[rows]
        return _unit_vectors(vectors, norms, self.device), np.arange(len(rows))

    def rows(self, rows: np.ndarray, dtype: torch.dtype) -> Tensor:
        """Return the unit vectors of `rows`."""
        vectors, places = self.held(rows)
        return vectors.rows(places, dtype)

    def similarity(self, queries: np.ndarray, candidates: np.ndarray) -> Tensor:
        """Return what `UnitVectors.similarity` does, in one pass over the file."""
        of_queries, _ = self.held(queries)
        similarity = torch.empty(candidates.shape, device=self.device)
        for first in range(0, len(self.array), FILE_ROWS):
            numbers = np.arange(first, min(first + FILE_ROWS, len(self.array)))
            query, column = np.nonzero((candidates >= first) & (candidates <= numbers[-1]))
            if len(query):
                block, _ = self.held(numbers)
                values = _paired(of_queries, query, block, candidates[query, column] - first)
                similarity[torch.from_numpy(query), torch.from_numpy(column)] = values
        return similarity


def unit_vectors_of(
    descriptors: np.ndarray | h5py.Dataset, device: torch.device
) -> UnitVectors | StoredUnitVectors:
    """Return descriptors (N, D) in memory, or in their file if they are large.

    Raises
    ------
    InputError
        If a descriptor is not finite, or if the file cannot be read.
    """
    if isinstance(descriptors, np.ndarray):
        vectors = torch.from_numpy(descriptors)
        return _unit_vectors(vectors, _norms(vectors), device)
    on_gpu = device.type == "cuda" and descriptors.nbytes < torch.cuda.mem_get_info()[0] / 2
    if on_gpu or descriptors.nbytes <= HELD_BYTES:
        vectors = torch.empty(descriptors.shape, device=device if on_gpu else None)
        for rows in _consecutive(len(descriptors), FILE_ROWS):
            vectors[rows[0] : rows[-1] + 1] = torch.from_numpy(read_rows(descriptors, rows))
        return _unit_vectors(vectors, _norms(vectors), device)
    norms = [
        _norms(torch.from_numpy(read_rows(descriptors, rows)), rows[0])
        for rows in _consecutive(len(descriptors), FILE_ROWS)
    ]
    return StoredUnitVectors(descriptors, torch.cat(norms), device)


def _norms(vectors: Tensor, first: int = 0) -> Tensor:
    """Return the norms of descriptors, whose first row has the number `first`."""
    norms = torch.empty(len(vectors), dtype=torch.float64, device=vectors.device)
    # Written in place: small allocations between the large blocks would fragment the memory.
    for start in range(0, len(vectors), NORM_ROWS):
        block = slice(start, start + NORM_ROWS)
        torch.linalg.vector_norm(vectors[block].double(), dim=1, out=norms[block])
    if not norms.isfinite().all():
        row = int(norms.isfinite().logical_not().nonzero()[0])
        raise InputError(
            f"descriptor of image number {first + row + 1} is not finite; extract it again"
        )
    return norms.clamp_min(MIN_NORM)


def _unit_vectors(vectors: Tensor, norms: Tensor, device: torch.device) -> UnitVectors:
    """Return descriptors with their norms, on the device where they fit."""
    if device.type == "cuda" and vectors.nbytes < torch.cuda.mem_get_info()[0] / 2:
        vectors, norms = vectors.to(device), norms.to(device)
    return UnitVectors(vectors, norms, device)


def _paired(
    queries: UnitVectors, query: np.ndarray, vectors: UnitVectors, rows: np.ndarray
) -> Tensor:
    """Return the similarity (P,) of pairs of a query and a row, computed in double precision."""
    device = vectors.device
    count = max(1, GATHERED_BYTES[device.type] // (8 * vectors.dimension))
    values = torch.empty(len(query), device=device)
    for first in range(0, len(query), count):
        part = slice(first, first + count)
        pair = ((queries, query[part]), (vectors, rows[part]))
        left, right = (one.vectors[places].to(device).double() for one, places in pair)
        norms, others = (one.norms[places].to(device) for one, places in pair)
        products = (left[:, None, :] @ right[:, :, None])[:, 0, 0]
        values[part] = products / (norms * others)
    return values


def _consecutive(count: int, size: int) -> Iterator[np.ndarray]:
    for first in range(0, count, size):
        yield np.arange(first, min(first + size, count))
