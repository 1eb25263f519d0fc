"""Retrieval by cosine similarity, against faiss and against the whole matrix in numpy."""

import os
from collections.abc import Iterator

import faiss
import numpy as np
from measure import Row, apart, timed

from rsir.networks.processor import prepare_processor
from rsir.search.exact import rank

THREADS = os.cpu_count() or 1
DIMENSION = 2048
DEPTH = 20
CASES = [(2_100, 2_100), (20_000, 10_000), (100_000, 10_000), (1_000_000, 1_000)]
FITS = {"whole matrix in numpy": 20_000, "faiss IndexFlatIP": 100_000, "here": 10**9}
"""The largest database that each way is asked to search."""


def measure() -> Iterator[Row]:
    """Measure databases of growing size."""
    for images, queries in CASES:
        expected = None
        for way, largest in FITS.items():
            if images > largest:
                continue
            found = apart(WAYS[way], images, queries)
            ranked = np.asarray(found.value)
            expected = ranked if expected is None else expected
            yield Row(
                "retrieval",
                f"{queries:,} of {images:,}",
                way,
                found.seconds,
                2 * images * queries * DIMENSION / 1e9 / found.seconds,
                "GFLOP/s",
                peak_mib=found.peak_mib,
                agreement=f"{(ranked == expected).mean():.2%} of places alike",
            )


def descriptors(images: int) -> np.ndarray:
    """Draw descriptors that are alike as those of a network are."""
    rng = np.random.default_rng(0)
    drawn = rng.standard_normal((images, DIMENSION), dtype=np.float32)
    drawn += 0.5 * drawn[0]
    return drawn


def here(images: int, queries: int) -> tuple[np.ndarray, float]:
    """Use the pipeline's."""
    prepare_processor(THREADS)
    drawn = descriptors(images)
    (ranked, _), seconds = timed(lambda: rank(drawn, np.arange(queries), np.arange(images), DEPTH))
    return ranked, seconds


def in_faiss(images: int, queries: int) -> tuple[np.ndarray, float]:
    """Time the search alone, without the index and the unit vectors that it needs."""
    faiss.omp_set_num_threads(THREADS)
    drawn = descriptors(images)
    faiss.normalize_L2(drawn)
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(drawn)
    (_, ranked), seconds = timed(lambda: index.search(drawn[:queries], DEPTH))
    return ranked, seconds


def in_numpy(images: int, queries: int) -> tuple[np.ndarray, float]:
    """Sort all similarities."""
    drawn = descriptors(images)

    def search() -> np.ndarray:
        unit = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        return np.argsort(-(unit[:queries] @ unit.T), axis=1)[:, :DEPTH]

    return timed(search)


WAYS = {"whole matrix in numpy": in_numpy, "faiss IndexFlatIP": in_faiss, "here": here}
