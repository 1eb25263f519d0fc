"""Retrieval by cosine similarity, compared with faiss and a full similarity matrix in NumPy."""

import os
from collections.abc import Iterator

import faiss
import numpy as np
from measure import Row, run_in_process, timed

from rsir.networks.processor import prepare_processor
from rsir.search.exact import rank

THREADS = os.cpu_count() or 1
DIMENSION = 2048
DEPTH = 20
CASES = [(2_100, 2_100), (20_000, 10_000), (100_000, 10_000), (1_000_000, 1_000)]
FITS = {"whole matrix in numpy": 20_000, "faiss IndexFlatIP": 100_000, "here": 10**9}
"""The largest database to measure each way with."""


def measure() -> Iterator[Row]:
    """Measure databases of growing size."""
    for images, queries in CASES:
        expected = None
        for way, largest in FITS.items():
            if images > largest:
                continue
            measured = run_in_process(WAYS[way], images, queries)
            ranked = np.asarray(measured.value)
            expected = ranked if expected is None else expected
            yield Row(
                "retrieval",
                f"{queries:,} of {images:,}",
                way,
                measured.seconds,
                2 * images * queries * DIMENSION / 1e9 / measured.seconds,
                "GFLOP/s",
                peak_mib=measured.peak_mib,
                agreement=f"{(ranked == expected).mean():.2%} of positions equal",
            )


def descriptors(images: int) -> np.ndarray:
    """Return random descriptors with a common component, like those of a network."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((images, DIMENSION), dtype=np.float32)
    vectors += 0.5 * vectors[0]
    return vectors


def here(images: int, queries: int) -> tuple[np.ndarray, float]:
    """Time the search of the pipeline."""
    device = prepare_processor(THREADS).device
    vectors = descriptors(images)
    (ranked, _), seconds = timed(
        lambda: rank(vectors, np.arange(queries), np.arange(images), DEPTH, device)
    )
    return ranked, seconds


def in_faiss(images: int, queries: int) -> tuple[np.ndarray, float]:
    """Time the search of faiss, without the normalisation and the construction of the index."""
    faiss.omp_set_num_threads(THREADS)
    vectors = descriptors(images)
    faiss.normalize_L2(vectors)
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(vectors)
    (_, ranked), seconds = timed(lambda: index.search(vectors[:queries], DEPTH))
    return ranked, seconds


def in_numpy(images: int, queries: int) -> tuple[np.ndarray, float]:
    """Time a full sort of all similarities."""
    vectors = descriptors(images)

    def search() -> np.ndarray:
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.argsort(-(unit[:queries] @ unit.T), axis=1)[:, :DEPTH]

    return timed(search)


WAYS = {"whole matrix in numpy": in_numpy, "faiss IndexFlatIP": in_faiss, "here": here}
