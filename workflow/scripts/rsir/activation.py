"""Activations at the cut, batch by batch: read from a file, or computed from the images.

Both sources give the same numbers: what the trunk computes, rounded to half precision.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import h5py
import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity
from torch.utils.data import DataLoader, Dataset

from rsir.backbone import Backbone, Preprocessing, pool
from rsir.descriptor import open_activations, readable
from rsir.device import Processor
from rsir.errors import InputError
from rsir.folding import fold_batch_norm
from rsir.image import load_pixels
from rsir.memory import Portions

Batches = Sequence[np.ndarray]

LOOKED_AT = 32
"""Of so many images a reduced precision is compared with float32."""

ALIKE = 0.9995
"""The least cosine of their descriptors; that of no other image should then be below 0.999."""


class ActivationSource(Protocol):
    """Where the activations at the cut come from."""

    def batches(self, rows: Batches) -> Iterator[Tensor]:
        """Yield the activations B×C×H×W, float16, of each batch of rows of the archive."""


def consecutive_batches(count: int, batch_size: int) -> list[np.ndarray]:
    """Return the rows 0 to `count` in batches of `batch_size`, in order."""
    return [
        np.arange(first, min(first + batch_size, count)) for first in range(0, count, batch_size)
    ]


class StoredActivations:
    """Activations read from a file."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._dataset = dataset

    def batches(self, rows: Batches) -> Iterator[Tensor]:
        """Yield the activations of each batch of rows.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        for batch in rows:
            with readable(Path(self._dataset.file.filename)):
                # One by one: h5py takes a hundred times as long to find many at once.
                values = np.stack([self._dataset[row] for row in batch])
            yield torch.from_numpy(values)


class ComputedActivations:
    """Activations computed from the images, which worker processes decode ahead of the trunk."""

    def __init__(
        self,
        backbone: Backbone,
        paths: Sequence[Path],
        workers: int,
        processor: Processor,
    ) -> None:
        self._trunk = fold_batch_norm(processor.place(backbone.trunk))
        self._preprocessing = backbone.preprocessing
        self._images = Images(paths, backbone.preprocessing)
        self._workers = workers
        self._processor = processor
        self._portions = Portions()

    def batches(self, rows: Batches) -> Iterator[Tensor]:
        """Yield the activations of each batch of rows.

        Raises
        ------
        InputError
            If an image cannot be read, an activation is too large for half precision, or memory
            does not hold those of a single image.
        """
        loader = DataLoader(
            self._images,
            batch_sampler=[batch.tolist() for batch in rows],
            num_workers=self._workers,
            collate_fn=_stack,
            pin_memory=self._processor.device.type == "cuda",
        )
        for pixels in loader:
            if isinstance(pixels, InputError):
                raise pixels
            yield torch.cat(self._portions.apply(self._activations, pixels))

    @torch.inference_mode()
    def _activations(self, pixels: Tensor) -> Tensor:
        images = self._preprocessing.normalise(pixels.to(self._processor.device, non_blocking=True))
        with self._processor.precision(self._processor.inference):
            activations: Tensor = self._trunk(images).half()
        if not torch.isfinite(activations).all():
            raise InputError(
                "activations at the cut exceed half precision (65,504); "
                "cut the backbone elsewhere or give it other weights"
            )
        return activations


@contextmanager
def open_source(
    stored: Path | None,
    archive: pd.DataFrame,
    root: Path,
    backbone: Backbone,
    threads: int,
    processor: Processor,
) -> Iterator[ActivationSource]:
    """Open the stored activations of an archive, or, without a file, compute them as needed."""
    if stored is not None:
        with open_activations(stored, list(archive["image"])) as dataset:
            yield StoredActivations(dataset)
    else:
        paths = [root / path for path in archive["path"]]
        precise = precise_enough(processor, backbone, paths)
        yield ComputedActivations(backbone, paths, max(1, threads - 1), precise)


def precise_enough(processor: Processor, backbone: Backbone, paths: Sequence[Path]) -> Processor:
    """Return the processor, in float32 where its own type would change the descriptors.

    How much a trunk loses in the 8 bits of bfloat16 or the range of float16 depends on the
    network and its weights, so some of the images, evenly chosen, are described in both ways.

    Raises
    ------
    InputError
        If one of these images cannot be used.
    """
    if processor.inference == torch.float32:
        return processor
    chosen = np.unique(np.linspace(0, len(paths) - 1, LOOKED_AT).astype(int))
    images = [paths[row] for row in chosen]
    exact = replace(processor, inference=torch.float32)
    expected = _pooled(exact, backbone, images)
    try:
        cosine = cosine_similarity(_pooled(processor, backbone, images), expected).min().item()
    except InputError:  # what float32 holds was too large
        cosine = 0.0
    if cosine >= ALIKE:
        return processor
    logging.info("the trunk computes in float32: in %s, cosine %.4f", processor.inference, cosine)
    return exact


@torch.inference_mode()
def _pooled(processor: Processor, backbone: Backbone, images: Sequence[Path]) -> Tensor:
    """Return the pooled features of images, of which the trunk alone is computed as reduced."""
    source = ComputedActivations(backbone, images, 0, processor)
    tail = fold_batch_norm(processor.place(backbone.tail))

    def describe(batch: Tensor) -> Tensor:
        return pool(tail(processor.place_activations(batch)))

    batches = source.batches(consecutive_batches(len(images), processor.batch_size))
    portions = Portions()
    return torch.cat([part for batch in batches for part in portions.apply(describe, batch)])


class Images(Dataset[np.ndarray | InputError]):
    """Pixels of the images, or the error that reading one raised."""

    def __init__(self, paths: Sequence[Path], preprocessing: Preprocessing) -> None:
        self._paths = paths
        self._preprocessing = preprocessing

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, row: int) -> np.ndarray | InputError:
        wanted = self._preprocessing
        try:
            return load_pixels(
                self._paths[row],
                size=wanted.size,
                resize=wanted.resize,
                resize_size=wanted.resize_size,
                interpolation=wanted.interpolation,
            )
        except InputError as error:  # torch would bury its one line in a worker's traceback
            return error


def _stack(pixels: list[np.ndarray | InputError]) -> Tensor | InputError:
    errors = [item for item in pixels if isinstance(item, InputError)]
    arrays = [item for item in pixels if isinstance(item, np.ndarray)]
    return errors[0] if errors else torch.from_numpy(np.stack(arrays))
