"""Activations at the cut, in batches: read from a file or computed from the images.

On a CPU both sources yield the same numbers: the trunk computes batches of a fixed size, so that
rounding depends neither on the other images of a batch nor on the number of threads, and its
output is rounded to half precision.
"""

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
from torch.utils.data import DataLoader, Dataset

from rsir.core.errors import InputError
from rsir.core.hdf5 import readable
from rsir.descriptors.descriptor_files import open_activations
from rsir.networks.backbone import Activations, Backbone, concatenated
from rsir.networks.folding import for_inference
from rsir.networks.out_of_memory import Portions
from rsir.networks.precision import activations_at_cut
from rsir.networks.preprocessing import Preprocessing
from rsir.networks.processor import Processor

Batches = Sequence[np.ndarray]


class ActivationSource(Protocol):
    """A source of the activations at the cut."""

    def batches(self, rows: Batches) -> Iterator[Activations]:
        """Yield the activations, float16 B×…, of each batch of rows of the archive."""


def consecutive_batches(count: int, batch_size: int) -> list[np.ndarray]:
    """Return the rows 0 to `count` in batches of `batch_size`, in order."""
    return [
        np.arange(first, min(first + batch_size, count)) for first in range(0, count, batch_size)
    ]


class StoredActivations:
    """Activations read from a file."""

    def __init__(self, *datasets: h5py.Dataset) -> None:
        self._datasets = datasets

    def batches(self, rows: Batches) -> Iterator[Activations]:
        """Yield the activations of each batch of rows.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        for batch in rows:
            with readable(Path(self._datasets[0].file.filename)):
                # One by one: fancy indexing in h5py is a hundred times slower.
                arrays = [np.stack([data[row] for row in batch]) for data in self._datasets]
            yield Activations(tuple(map(torch.from_numpy, arrays)))


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
        self._images = PreparedImages(images, backbone.preprocessing)
        self._workers = workers
        self._processor = processor
        self._portions = Portions()

    def batches(self, rows: Batches) -> Iterator[Activations]:
        """Yield the activations of each batch of rows.

        Raises
        ------
        InputError
            If an image cannot be read, an activation is too large for half precision, or a single
            image does not fit into memory.
        """
        order = np.concatenate(rows)
        size = self._processor.batch_size
        loader = DataLoader(
            self._images,
            batch_sampler=[order[part].tolist() for part in consecutive_batches(len(order), size)],
            num_workers=self._workers,
            collate_fn=_stack,
            pin_memory=self._processor.device.type == "cuda",
        )
        return _regrouped(map(self._activations, loader), [len(batch) for batch in rows])

    def _activations(self, pixels: Tensor | InputError) -> Activations:
        """Compute the activations of at most `batch_size` images, in a batch padded to that size.

        The rounding of a product depends on the size of the batch, but not on its other images.
        """
        if isinstance(pixels, InputError):
            raise pixels
        count = len(pixels)
        if padding := self._processor.batch_size - count:
            pixels = torch.cat([pixels, pixels[-1:].expand(padding, -1, -1, -1)])
        compute = partial(activations_at_cut, self._trunk, self._preprocessing, self._processor)
        whole = self._portions.attempt(lambda parts: concatenated(map(compute, parts)), pixels)
        return whole[:count]


@contextmanager
def open_source(
    stored: Path | None,
    archive: pd.DataFrame,
    images: Sequence[NDArray[Any]],
    backbone: Backbone,
    threads: int,
    processor: Processor,
) -> Iterator[ActivationSource]:
    """Open stored activations, or a source that computes them if `stored` is None."""
    if stored is not None:
        with open_activations(stored, list(archive["image"])) as datasets:
            if [data.shape[1:] for data in datasets] != list(backbone.activation_shapes):
                raise InputError(
                    f"{stored}: holds activations of other shapes; delete it and run again"
                )
            yield StoredActivations(*datasets)
    else:
        yield ComputedActivations(backbone, images, max(1, threads - 1), processor)


class PreparedImages(Dataset[np.ndarray | InputError]):
    """Each image at the input size of a network, or the error raised while reading it."""

    def __init__(self, images: Sequence[NDArray[Any]], preprocessing: Preprocessing) -> None:
        self._images = images
        self._preprocessing = preprocessing

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, row: int) -> np.ndarray | InputError:
        try:
            return self._preprocessing.prepare(self._images[row])
        except InputError as error:  # torch would wrap the message in a worker traceback
            return error


def _regrouped(parts: Iterable[Activations], sizes: Iterable[int]) -> Iterator[Activations]:
    """Yield the rows of the parts, in order, in batches of the given sizes."""
    remaining = iter(parts)
    rows = next(remaining)
    for size in sizes:
        while len(rows) < size:
            rows = concatenated([rows, next(remaining)])
        yield rows[:size]
        rows = rows[size:]


def _stack(pixels: list[np.ndarray | InputError]) -> Tensor | InputError:
    errors = [item for item in pixels if isinstance(item, InputError)]
    arrays = [item for item in pixels if isinstance(item, np.ndarray)]
    return errors[0] if errors else torch.from_numpy(np.stack(arrays))
