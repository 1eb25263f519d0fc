"""Batches of a training epoch."""

import math

import numpy as np


def shuffled_batches(
    rows: np.ndarray, batch_size: int, generator: np.random.Generator
) -> list[np.ndarray]:
    """Return the rows in random order, in batches of nearly equal size, at most `batch_size`.

    No batch has a single image, which batch norm cannot normalise: if `batch_size` is 2 and the
    number of rows is odd, one batch has three.
    """
    return np.array_split(generator.permutation(rows), number_of_batches(rows, batch_size))


def number_of_batches(rows: np.ndarray, batch_size: int) -> int:
    """Return the number of batches of an epoch, see `shuffled_batches`."""
    return min(math.ceil(len(rows) / batch_size), len(rows) // 2)
