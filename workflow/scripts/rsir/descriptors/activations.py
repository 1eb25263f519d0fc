"""Activations at the cut, in batches: read from a file or computed from the images.

On a CPU both sources yield the same numbers: the trunk computes batches of a fixed size, so that
rounding depends neither on the other images of a batch nor on the number of threads, and its
output is rounded to half precision.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from rsir.core.errors import InputError
from rsir.core.hdf5 import readable
from rsir.core.overlap import read_ahead
from rsir.descriptors.activation_source import ActivationSource, Batches, consecutive_batches
from rsir.descriptors.computed_activations import ComputedActivations
from rsir.descriptors.descriptor_files import ShardedArray, open_sharded_activations
from rsir.descriptors.shards import shard_slices
from rsir.networks.augmentation import Augmentation
from rsir.networks.backbone import Activations, Backbone
from rsir.networks.processor import Processor
from rsir.networks.views import all_views

READ_ROWS = 64
"""Number of rows that are read at once to be held."""


class StoredActivations:
    """Activations in a file, N×… or with several views per image N×V×…, read in advance."""

    def __init__(self, *datasets: h5py.Dataset | ShardedArray, views: int = 1) -> None:
        self._datasets = datasets
        self._views = views

    def batches(self, numbers: Batches) -> Iterator[Activations]:
        """Yield the activations of each batch of views.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        return read_ahead(map(self._read, numbers))

    def bytes_of(self, numbers: np.ndarray) -> int:
        """Return the size of the activations of some views."""
        return sum(
            len(numbers) * math.prod(data.shape[1:]) // self._views * data.dtype.itemsize
            for data in self._datasets
        )

    def _read(self, batch: np.ndarray) -> Activations:
        with readable(Path(self._datasets[0].file.filename)):
            arrays = [_views_of(data, batch, self._views) for data in self._datasets]
        return Activations(tuple(map(torch.from_numpy, arrays)))


class HeldActivations:
    """Activations of some views in the memory of a device.

    Parameters
    ----------
    source : ActivationSource
        What yields them.
    numbers : ndarray
        The numbers of the views.
    device : torch.device
        The device.
    """

    def __init__(self, source: ActivationSource, numbers: np.ndarray, device: torch.device) -> None:
        self._rows = np.unique(numbers)
        self._device = device
        parts = consecutive_batches(len(self._rows), READ_ROWS)
        tensors: list[Tensor] = []
        batches = source.batches([self._rows[part] for part in parts])
        for part, batch in zip(parts, batches, strict=True):
            tensors = tensors or [
                torch.empty(len(self._rows), *each.shape[1:], dtype=each.dtype, device=device)
                for each in batch
            ]
            for tensor, each in zip(tensors, batch, strict=True):
                tensor[part[0] : part[-1] + 1] = each
        self._activations = Activations(tuple(tensors))

    def batches(self, numbers: Batches) -> Iterator[Activations]:
        """Yield the activations of each batch of views, on the device."""
        for batch in numbers:
            places = torch.from_numpy(np.searchsorted(self._rows, batch))
            index = places.to(self._device, non_blocking=True)
            yield Activations(tuple(each.index_select(0, index) for each in self._activations))


def held_if_they_fit(
    source: ActivationSource, numbers: np.ndarray, processor: Processor
) -> ActivationSource:
    """Load stored activations of some views into the memory of a GPU if they take less than half.

    On a CPU they stay in the file: reading them takes a small part of the time.
    """
    if processor.device.type == "cuda" and isinstance(source, StoredActivations):
        free, _ = torch.cuda.mem_get_info()
        if source.bytes_of(numbers) < free / 2:
            return HeldActivations(source, numbers, processor.device)
    return source


@contextmanager
def open_source(
    stored: Path | Sequence[Path] | None,
    archive: pd.DataFrame,
    images: Sequence[NDArray[Any]],
    backbone: Backbone,
    threads: int,
    processor: Processor,
    augmentation: Augmentation | None = None,
) -> Iterator[ActivationSource]:
    """Open stored activations, or a source that computes them if `stored` is None or empty.

    `stored` is a file, or the shards of all images in order. An augmentation is of images.
    """
    paths = [stored] if isinstance(stored, Path) else list(stored or ())
    if paths and len(archive):  # an empty shard stores none
        names = list(archive["image"])
        parts = [names]
        if len(paths) > 1:
            parts = [names[rows] for rows in shard_slices(len(names), len(paths))]
        with open_sharded_activations(list(zip(paths, parts, strict=True))) as datasets:
            views = (backbone.views,) if backbone.views > 1 else ()
            shapes = [(*views, *shape) for shape in backbone.activation_shapes]
            if [data.shape[1:] for data in datasets] != shapes:
                raise InputError(
                    f"{paths[0]}: holds activations of other shapes; delete it and run again"
                )
            yield StoredActivations(*datasets, views=backbone.views)
    else:
        workers = max(1, threads - 1)
        computed = ComputedActivations(backbone, images, workers, processor, augmentation)
        try:
            yield computed
        finally:
            computed.stop_workers()


def _views_of(data: h5py.Dataset | ShardedArray, numbers: np.ndarray, views: int) -> np.ndarray:
    """Read views from a dataset N×V×…, or N×… if V is 1.

    Consecutive images are read at once, others one by one: fancy indexing in h5py is a hundred
    times slower.
    """
    if views > 1:
        rows = numbers[::views] // views
        if np.array_equal(numbers, all_views(rows, views)):
            return _views_of(data, rows, 1).reshape(-1, *data.shape[2:])
        return np.stack([data[number // views][number % views] for number in numbers])
    rows = numbers
    if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        values: np.ndarray = data[rows[0] : rows[0] + len(rows)]
        return values
    return np.stack([data[row] for row in rows])
