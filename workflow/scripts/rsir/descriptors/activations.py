"""Activations at the cut, in batches: read from a file or computed from the images.

On a CPU both sources yield the same numbers: the trunk computes batches of a fixed size, so that
rounding depends neither on the other images of a batch nor on the number of threads, and its
output is rounded to half precision.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from rsir.core.errors import InputError
from rsir.core.hdf5 import readable
from rsir.core.overlap import read_ahead
from rsir.descriptors.descriptor_files import ShardedArray, open_sharded_activations
from rsir.descriptors.prepared_images import PreparedImages, stacked
from rsir.descriptors.shards import shard_slices
from rsir.networks.backbone import Activations, Backbone, concatenated
from rsir.networks.folding import for_inference
from rsir.networks.out_of_memory import Portions
from rsir.networks.precision import activations_at_cut, all_finite, check_activations
from rsir.networks.processor import Processor
from rsir.networks.views import all_views

Batches = Sequence[np.ndarray]

SHARED_BYTES = 1 << 25
"""Memory that workers share with the main process."""

PIECE_SIZE = 16
"""Largest number of images that a worker delivers at once."""

WAITING_PIECES = 2
"""Number of pieces that a worker prepares in advance."""

READ_ROWS = 64
"""Number of rows that are read at once to be held."""


class ActivationSource(Protocol):
    """A source of the activations at the cut, of numbered views of the images.

    With one view per image, the number of a view is the row of the image; see
    `rsir.networks.views`.
    """

    def batches(self, numbers: Batches) -> Iterator[Activations]:
        """Yield the activations, float16 B×…, of each batch of views."""


def consecutive_batches(count: int, batch_size: int) -> list[np.ndarray]:
    """Return the rows 0 to `count` in batches of `batch_size`, in order."""
    return [
        np.arange(first, min(first + batch_size, count)) for first in range(0, count, batch_size)
    ]


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


class ComputedActivations:
    """Activations computed from the images, which worker processes decode in advance."""

    def __init__(
        self,
        backbone: Backbone,
        images: Sequence[NDArray[Any]],
        workers: int,
        processor: Processor,
    ) -> None:
        self._trunk = for_inference(processor.place(backbone.trunk), processor.inference)
        self._preprocessing = backbone.preprocessing
        self._processor = processor
        self._portions = Portions()
        self._pieces: list[list[int]] = []  # of the current pass
        waiting = max(1, workers) * WAITING_PIECES * backbone.preprocessing.image_bytes
        self.piece_size = min(PIECE_SIZE, max(1, SHARED_BYTES // waiting))
        self._loader = DataLoader(
            PreparedImages(images, backbone.preprocessing, backbone.views),
            batch_sampler=self._pieces,
            num_workers=workers,
            prefetch_factor=WAITING_PIECES if workers else None,
            persistent_workers=workers > 0,
            collate_fn=stacked,
        )

    def batches(self, numbers: Batches) -> Iterator[Activations]:
        """Yield the activations of each batch of views.

        Raises
        ------
        InputError
            If an image cannot be read, an activation is too large for half precision, or a single
            image does not fit into memory. A GPU reports an activation after the last batch.
        """
        sizes = [len(batch) for batch in numbers]
        if not sizes:
            return iter(())
        return _regrouped(self._activations(np.concatenate(numbers)), sizes)

    def stop_workers(self) -> None:
        """Stop the worker processes, which wait for the next pass; they have all files open."""
        del self._loader

    def _activations(self, order: np.ndarray) -> Iterator[Activations]:
        """Yield the activations of the images of a pass."""
        device = self._processor.device
        compute = partial(activations_at_cut, self._trunk, self._preprocessing, self._processor)
        finite = torch.ones((), dtype=torch.bool, device=device)
        for pixels, count in self._pixels(order):
            whole = self._portions.attempt(lambda parts: concatenated(map(compute, parts)), pixels)
            finite = finite & all_finite(whole)
            if device.type == "cpu":  # a GPU would have to be waited for
                check_activations(finite)
            yield whole[:count]
        check_activations(finite)

    def _pixels(self, order: np.ndarray) -> Iterator[tuple[Tensor, int]]:
        """Yield the pixels of whole batches, the last one padded, and their number of images.

        The rounding of a product depends on the size of the batch, but not on its other images.
        Workers deliver pieces of batches, since they pass them in shared memory, of which a
        container may have 64 MB.
        """
        batches = consecutive_batches(len(order), self._processor.batch_size)
        self._pieces[:] = [
            order[part].tolist()
            for batch in batches
            for part in np.split(batch, range(self.piece_size, len(batch), self.piece_size))
        ]
        pieces = iter(self._loader)
        for batch in batches:
            filled = 0
            pixels = torch.empty(0)
            while filled < len(batch):
                piece = next(pieces)
                if isinstance(piece, InputError):
                    raise piece
                if filled == 0:
                    pixels = self._processor.host_memory(
                        (self._processor.batch_size, *piece.shape[1:]), piece.dtype
                    )
                pixels[filled : filled + len(piece)] = piece
                filled += len(piece)
            pixels[filled:] = pixels[filled - 1]
            yield pixels, filled


@contextmanager
def open_source(
    stored: Path | Sequence[Path] | None,
    archive: pd.DataFrame,
    images: Sequence[NDArray[Any]],
    backbone: Backbone,
    threads: int,
    processor: Processor,
) -> Iterator[ActivationSource]:
    """Open stored activations, or a source that computes them if `stored` is None or empty.

    `stored` is a file, or the shards of all images in order.
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
        computed = ComputedActivations(backbone, images, max(1, threads - 1), processor)
        try:
            yield computed
        finally:
            computed.stop_workers()


def _regrouped(parts: Iterable[Activations], sizes: Iterable[int]) -> Iterator[Activations]:
    """Yield the rows of the parts, in order, in batches of the given sizes."""
    remaining = iter(parts)
    rows = next(remaining)
    for size in sizes:
        while len(rows) < size:
            rows = concatenated([rows, next(remaining)])
        yield rows[:size]
        rows = rows[size:]
    next(remaining, None)  # the checks after the last part


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
