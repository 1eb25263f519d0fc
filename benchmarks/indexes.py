"""Approximate indexes of faiss, compared with exact search, on vectors in clusters."""

import os
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from measure import Row, run_in_process, timed

from rsir.evaluation.index_quality import recall_of_neighbours
from rsir.networks.processor import prepare_processor
from rsir.search.exact import rank
from rsir.search.indexes import build_index, search_index, settings, unit_vectors, use_threads

THREADS = os.cpu_count() or 1
DIMENSION = 256
LATENT = 32
CLUSTER = 500
QUERIES = 2_000
DEPTH = 20
CASES = [(100_000, ("ivf", "ivfpq", "binary", "hnsw")), (1_000_000, ("ivf",))]
"""Numbers of images, and the indexes that are built of them."""


def measure() -> Iterator[Row]:
    """Measure exact search, then each setting of each index."""
    for images, names in CASES:
        measured = run_in_process(search_all, images, names)
        for way, seconds, agreement in measured.value:
            yield Row(
                "indexes",
                f"{QUERIES:,} of {images:,}",
                way,
                seconds,
                QUERIES / seconds,
                "queries/s",
                peak_mib=measured.peak_mib,
                agreement=agreement,
            )


def search_all(images: int, names: Sequence[str]) -> tuple[list[tuple[str, float, str]], float]:
    """Return the seconds of each search and its recall, and the seconds of exact search."""
    prepare_processor(THREADS, use_gpu=False)
    use_threads(THREADS)
    vectors = clustered(images + QUERIES)
    queries, database = np.arange(images, images + QUERIES), np.arange(images)
    (expected, _), exact = timed(partial(rank, vectors, queries, database, DEPTH))
    _, one = timed(partial(rank, vectors, queries[:1], database, DEPTH))
    rows = [("exact", exact, f"a single query: {one:.2f} s")]
    unit = unit_vectors(vectors)
    del vectors
    for name in names:
        (index, _), built = timed(partial(build_index, name, unit[:images]))
        for setting in settings(name, index):
            ranked, seconds = timed(partial(search_index, index, unit[images:], DEPTH))
            recall = recall_of_neighbours(ranked, expected)
            agreement = f"recall {recall:.4f}, built in {built:.0f} s"
            rows.append((f"{name} {setting}".strip(), seconds, agreement))
    return rows, exact


def clustered(count: int) -> np.ndarray:
    """Return vectors in clusters of `CLUSTER` on average, which vary along `LATENT` directions.

    A vector is the centre of its cluster (standard normal in each dimension), a standard normal
    latent vector times a matrix of the same variance, and noise of a standard deviation of 0.1.
    """
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((LATENT, DIMENSION), dtype=np.float32) / LATENT**0.5
    centres = rng.standard_normal((count // CLUSTER, DIMENSION), dtype=np.float32)
    vectors = centres[rng.integers(len(centres), size=count)]
    vectors += rng.standard_normal((count, LATENT), dtype=np.float32) @ directions
    vectors += 0.1 * rng.standard_normal((count, DIMENSION), dtype=np.float32)
    return vectors
