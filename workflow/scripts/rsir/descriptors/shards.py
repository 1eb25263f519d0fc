"""Shards: consecutive rows of an archive, computed by jobs of their own, and joined."""

import logging
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rsir.core.hdf5 import array_file, read_rows
from rsir.descriptors.descriptor_files import open_descriptors

SHARD_ROWS = 128
"""Shards are multiples of this, whole batches on a CPU and on a GPU, so that nothing is rounded
otherwise than in one pass."""

COPIED_ROWS = 4096

LARGE_SHARD = 50_000
"""Images of a shard that is suggested: 20 minutes of EfficientNet-Lite0 on two cores."""


def suggest_shards(count: int) -> None:
    """Log into how many shards an archive of `count` images may be divided, if it is large."""
    if (shards := count // LARGE_SHARD) > 1:
        logging.info(
            "%d images in one job; on a cluster, extraction.shards: %d divides them among %d jobs",
            count,
            shards,
            shards,
        )


def shard_slices(count: int, shards: int) -> list[slice]:
    """Return the rows of each shard of an archive of `count` images; some may be empty."""
    units = -(-count // SHARD_ROWS)
    ends = [min(count, SHARD_ROWS * (units * part // shards)) for part in range(shards + 1)]
    return [slice(*pair) for pair in pairwise(ends)]


def shard_slice(count: int, shard: str) -> slice:
    """Return the rows of a shard, such as ``2-of-3``."""
    number, shards = map(int, shard.split("-of-"))
    return shard_slices(count, shards)[number - 1]


def join_shards(
    shards: Sequence[Path], images: Sequence[str], attributes: Mapping[str, Any], joined: Path
) -> None:
    """Copy the descriptors of all shards into one file.

    Raises
    ------
    InputError
        If a shard cannot be read or holds other images.
    """
    with array_file(joined, images, attributes) as file:
        for path, rows in zip(shards, shard_slices(len(images), len(shards)), strict=True):
            with open_descriptors(path, images[rows]) as arrays:
                for name, array in arrays.items():
                    for first in range(0, len(array), COPIED_ROWS):
                        part = np.arange(first, min(first + COPIED_ROWS, len(array)))
                        file.append(name, read_rows(array, part))
