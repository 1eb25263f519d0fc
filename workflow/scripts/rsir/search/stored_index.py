"""Indexes that are stored for queries by example, each with what it retrieves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import h5py
import numpy as np

from rsir.core.hdf5 import open_arrays, readable
from rsir.search.exact import rank
from rsir.search.indexes import search_index, unit_vectors
from rsir.search.protocol import Ranking

CANDIDATES = 4
"""Number of images that an index selects for each that is retrieved; they are compared exactly."""


@dataclass(frozen=True)
class StoredIndex:
    """An index of all images of an archive.

    Attributes
    ----------
    index
        The index, with the effort of `setting`.
    kind, setting
        A key of `rsir.search.indexes.INDEXES`, and the parameter that trades speed for recall.
    recall
        The mean fraction of the `cutoff` nearest images that `rank_by_index` retrieves.
    cutoff
        The number of images.
    """

    index: faiss.Index
    kind: str
    setting: str
    recall: float
    cutoff: int

    @property
    def in_words(self) -> str:
        """The index and what it retrieves, in words."""
        name = f"{self.kind}, {self.setting}" if self.setting else self.kind
        return f"by the index {name}, whose recall at {self.cutoff} is {self.recall:.3f}"

    def rank(
        self, descriptors: np.ndarray | h5py.Dataset, queries: np.ndarray, depth: int
    ) -> Ranking:
        """Rank the archive for each query by `rank_by_index`."""
        return rank_by_index(self.index, descriptors, queries, depth)

    def write(self, file: h5py.File, name: str) -> None:
        """Write the index of the descriptor `name`."""
        facts = {"kind": self.kind, "setting": self.setting}
        measured = {"recall": self.recall, "cutoff": self.cutoff}
        array = file.create_dataset(name, data=faiss.serialize_index(self.index), fletcher32=True)
        array.attrs.update(facts | measured)


def read_index(path: Path, name: str, created: str) -> StoredIndex | None:
    """Read the index of a descriptor; None if there is none of these descriptors.

    Parameters
    ----------
    path
        A file of indexes.
    name
        The descriptor.
    created
        The attribute `created` of its file; an index of an earlier file is out of date.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with readable(path), open_arrays(path) as file:
        if name not in file or file.attrs["descriptors_created"] != created:
            return None
        facts: dict[str, Any] = dict(file[name].attrs)
        index = faiss.deserialize_index(file[name][:])
    return StoredIndex(
        index, facts["kind"], facts["setting"], float(facts["recall"]), int(facts["cutoff"])
    )


def rank_by_index(
    index: faiss.Index, descriptors: np.ndarray | h5py.Dataset, queries: np.ndarray, depth: int
) -> Ranking:
    """Rank the images that an index selects by cosine similarity.

    Parameters
    ----------
    index
        An index of all rows of `descriptors`.
    descriptors
        float32 N×D, in memory or in a file.
    queries
        float32 Q×D.
    depth
        Number of images to rank per query; capped at N.

    Returns
    -------
    ranked, similarity
        As `rsir.search.exact.rank` returns them; rows −1 and similarities −1 where the index
        selects fewer images.
    """
    depth = min(depth, len(descriptors))
    selected = search_index(index, unit_vectors(queries), min(CANDIDATES * depth, len(descriptors)))
    ranked = np.full((len(queries), depth), -1, np.int32)
    similarity = np.full((len(queries), depth), -1, np.float32)
    for number, rows in enumerate(selected):
        candidates = np.sort(rows[rows >= 0])
        vectors = np.stack([*(descriptors[int(row)] for row in candidates), queries[number]])
        last = np.array([len(candidates)])
        positions, values = rank(vectors, last, np.arange(len(candidates)), depth)
        count = positions.shape[1]
        ranked[number, :count] = candidates[positions[0]]
        similarity[number, :count] = values[0]
    return ranked, similarity
