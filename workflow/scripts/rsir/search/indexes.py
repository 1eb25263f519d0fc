"""Approximate indexes of faiss, which trade recall for speed or memory.

Their parameters follow the guidelines of faiss ("Guidelines to choose an index" and "Faiss
indexes", in its wiki). Similarity is the inner product of unit vectors, the cosine.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from rsir.core.errors import InputError
from rsir.metrics.arrays import Ints

Vectors = NDArray[np.float32]

LINKS = 32  # of an image in the graph of HNSW, twice as many in its lowest layer
CONSTRUCTION = 80  # candidates for the links of an image
POINTS_PER_CENTROID = 39  # below this number, faiss warns of poor centroids
MOST_POINTS_PER_CENTROID = 64  # of the vectors that k-means uses; more take longer
MANY = 250_000  # images from which an inverted file has twice the lists, which are trained less
SUBVECTOR_CENTROIDS = 256  # a byte for each part of a vector
MOST_PARTS = 32
ITERATIONS = 10  # of k-means
ITERATIONS_OF_MANY = 4


@dataclass(frozen=True)
class IndexKind:
    """A kind of index.

    Attributes
    ----------
    create
        Returns an untrained index for N vectors of dimension D.
    least
        The least number of vectors that it can be trained with.
    effort
        Name of the parameter that trades speed for recall; None if it has none.
    efforts
        Its values to compare, for N vectors.
    """

    create: Callable[[int, int], faiss.Index]
    least: int
    effort: str | None
    efforts: Callable[[int], Sequence[int]]


def use_threads(threads: int) -> None:
    """Set the number of threads of faiss."""
    faiss.omp_set_num_threads(threads)


def build_index(name: str, vectors: Vectors) -> tuple[faiss.Index, int]:
    """Build an index of unit vectors (N, D).

    With one thread, the same vectors give the same index; with several, the links of `hnsw` depend
    on the order in which the threads add vectors.

    Returns
    -------
    index
        The trained index with all vectors.
    overhead
        Its size in bytes before the vectors are added.

    Raises
    ------
    InputError
        If there are fewer vectors than it can be trained with.
    """
    kind = INDEXES[name]
    if len(vectors) < kind.least:
        raise InputError(
            f"retrieval.indexes: {name} needs at least {kind.least} images, and the database has "
            f"{len(vectors)}; remove {name} or search more images"
        )
    index = kind.create(*vectors.shape)
    index.train(vectors)
    overhead = index_bytes(index)
    index.add(vectors)
    return index, overhead


def settings(name: str, index: faiss.Index) -> Iterator[str]:
    """Set the effort of an index to each of its values, and yield it, such as `nprobe=8`."""
    kind = INDEXES[name]
    if kind.effort is None:
        yield ""
        return
    for effort in kind.efforts(index.ntotal):
        faiss.ParameterSpace().set_index_parameter(index, kind.effort, effort)
        yield f"{kind.effort}={effort}"


def search_index(index: faiss.Index, queries: Vectors, depth: int) -> Ints:
    """Return the rows (Q, depth) that an index retrieves for unit vectors (Q, D), best first.

    The last are −1 where it finds fewer.
    """
    _, ranked = index.search(queries, depth)
    rows: Ints = ranked
    return rows


def index_bytes(index: faiss.Index) -> int:
    """Return the size of an index in bytes, as it is stored."""
    sizes: list[int] = []
    untyped: Any = faiss  # its types lack this class
    faiss.write_index(index, untyped.PyCallbackIOWriter(lambda part: sizes.append(len(part))))
    return sum(sizes)


def unit_vectors(vectors: Vectors) -> Vectors:
    """Return vectors (N, D) divided by their lengths; a vector of zeros remains one."""
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    unit: Vectors = vectors / np.where(lengths > 0, lengths, 1).astype(np.float32)[:, None]
    return unit


def _hnsw(_number: int, dimension: int) -> faiss.Index:
    index = faiss.IndexHNSWFlat(dimension, LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = CONSTRUCTION
    return index


def _ivf(number: int, dimension: int) -> faiss.Index:
    return _inverted_file(f"IVF{_lists(number)},Flat", number, dimension)


def _ivfpq(number: int, dimension: int) -> faiss.Index:
    """Return an index with a byte for each part of at least four dimensions.

    Zeros are appended, so that the parts are of equal size; they change no similarity.
    """
    size = max(4, math.ceil(dimension / MOST_PARTS))
    parts = math.ceil(dimension / size)
    description = f"Pad{parts * size},IVF{_lists(number)},PQ{parts}x8np"
    index = _inverted_file(description, number, dimension)
    inverted_file: Any = faiss.downcast_index(faiss.extract_index_ivf(index))
    of_parts = inverted_file.pq.cp
    of_parts.niter = ITERATIONS
    of_parts.max_points_per_centroid = MOST_POINTS_PER_CENTROID
    return index


def _binary(_number: int, dimension: int) -> faiss.Index:
    """Return an index with a bit for each dimension, after a random rotation.

    The bit says whether a coordinate is above its median. All codes are compared.
    """
    return faiss.IndexLSH(dimension, dimension, True, True)


def _inverted_file(description: str, number: int, dimension: int) -> faiss.Index:
    index = faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
    of_lists = faiss.extract_index_ivf(index).cp
    are_many = number >= MANY
    of_lists.niter = ITERATIONS_OF_MANY if are_many else ITERATIONS
    of_lists.max_points_per_centroid = POINTS_PER_CENTROID if are_many else MOST_POINTS_PER_CENTROID
    return index


def _lists(number: int) -> int:
    """Return the number of lists of an inverted file."""
    factor = 8 if number >= MANY else 4
    return min(round(factor * math.sqrt(number)), number // POINTS_PER_CENTROID)


def _probes(number: int) -> list[int]:
    """Return up to three numbers of lists to visit."""
    lists = _lists(number)
    shares = (1024, 512, 256) if number >= MANY else (256, 64, 16)
    return sorted({max(1, lists // share) for share in shares})


INDEXES = {
    "hnsw": IndexKind(_hnsw, 1, "efSearch", lambda _number: (32, 64, 128)),
    "ivf": IndexKind(_ivf, 2 * POINTS_PER_CENTROID, "nprobe", _probes),
    "ivfpq": IndexKind(_ivfpq, SUBVECTOR_CENTROIDS, "nprobe", _probes),
    "binary": IndexKind(_binary, 1, None, lambda _number: ()),
}
"""The kinds of indexes by name."""
