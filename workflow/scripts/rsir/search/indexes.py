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
MANY = 250_000  # images from which an inverted file has many lists, found through a graph
SUBVECTOR_CENTROIDS = 256  # a byte for each part of a vector
MOST_PARTS = 32
ITERATIONS = 10  # of k-means


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
    has_lists
        Whether it is an inverted file.
    """

    create: Callable[[int, int], faiss.Index]
    least: int
    effort: str | None
    efforts: Callable[[int], Sequence[int]]
    has_lists: bool = False


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
    if kind.has_lists and len(vectors) >= MANY:
        _place_lists(index, vectors)
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
    return _inverted_file(f"{_coarse(number)},Flat", dimension)


def _ivfpq(number: int, dimension: int) -> faiss.Index:
    """Return an index with a byte for each part of at least four dimensions.

    Zeros are appended, so that the parts are of equal size; they change no similarity.
    """
    size = max(4, math.ceil(dimension / MOST_PARTS))
    parts = math.ceil(dimension / size)
    description = f"Pad{parts * size},{_coarse(number)},PQ{parts}x8np"
    index = _inverted_file(description, dimension)
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


def _inverted_file(description: str, dimension: int) -> faiss.Index:
    index = faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
    of_lists = faiss.extract_index_ivf(index).cp
    of_lists.niter = ITERATIONS
    of_lists.max_points_per_centroid = MOST_POINTS_PER_CENTROID
    return index


def _coarse(number: int) -> str:
    """Return what chooses among the lists: all centroids are compared, or a graph of many."""
    return f"IVF{_lists(number)}_HNSW{LINKS}" if number >= MANY else f"IVF{_lists(number)}"


def _lists(number: int) -> int:
    """Return the number of lists of an inverted file."""
    factor = 16 if number >= MANY else 4
    return min(round(factor * math.sqrt(number)), number // POINTS_PER_CENTROID)


def _probes(number: int) -> list[int]:
    """Return up to three numbers of lists to visit."""
    lists = _lists(number)
    shares = (1024, 512, 256) if number >= MANY else (256, 64, 16)
    return sorted({max(1, lists // share) for share in shares})


def _place_lists(index: faiss.Index, vectors: Vectors) -> None:
    """Find the centroids of many lists, and link them by a graph, which `train` then keeps."""
    inverted_file: Any = faiss.extract_index_ivf(index)
    quantizer: Any = faiss.downcast_index(inverted_file.quantizer)
    quantizer.hnsw.efConstruction = CONSTRUCTION
    quantizer.hnsw.efSearch = 64
    some = vectors[:: max(1, len(vectors) // (inverted_file.nlist * POINTS_PER_CENTROID))]
    centroids = two_level_centroids(some, inverted_file.nlist)
    quantizer.add(np.pad(centroids, ((0, 0), (0, inverted_file.d - vectors.shape[1]))))


def two_level_centroids(vectors: Vectors, count: int) -> Vectors:
    """Return the centroids (count, D) of unit vectors (N, D) by k-means in two levels.

    The vectors are divided into √count groups, and each group into a share of the centroids by its
    size. k-means of all at once takes √count times as long.
    """
    groups = _k_means(vectors, round(math.sqrt(count)))
    _, nearest = groups.assign(vectors)
    names, sizes = np.unique(nearest, return_counts=True)
    shares = 1 + (count - len(names)) * sizes // len(vectors)
    shares[np.argsort(-sizes)[: count - shares.sum()]] += 1
    parts = [
        _k_means(vectors[nearest == name], int(share)).centroids
        for name, share in zip(names, shares, strict=True)
    ]
    return np.concatenate(parts)


def _k_means(vectors: Vectors, count: int) -> Any:
    clustering = faiss.Kmeans(
        vectors.shape[1],
        count,
        niter=ITERATIONS,
        spherical=True,
        min_points_per_centroid=1,
        max_points_per_centroid=2000,
        seed=0,
    )
    clustering.train(vectors)
    return clustering


INDEXES = {
    "hnsw": IndexKind(_hnsw, 1, "efSearch", lambda _number: (32, 64, 128)),
    "ivf": IndexKind(_ivf, 2 * POINTS_PER_CENTROID, "nprobe", _probes, has_lists=True),
    "ivfpq": IndexKind(_ivfpq, SUBVECTOR_CENTROIDS, "nprobe", _probes, has_lists=True),
    "binary": IndexKind(_binary, 1, None, lambda _number: ()),
}
"""The kinds of indexes by name."""
