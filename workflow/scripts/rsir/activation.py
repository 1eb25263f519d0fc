"""Activations at the cut, batch by batch: read from a file, or computed from the images.

Both sources give the same numbers: what the trunk computes, rounded to half precision.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import h5py
import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from rsir.backbone import Backbone, Preprocessing
from rsir.descriptor import open_activations, readable
from rsir.device import Processor
from rsir.errors import InputError
from rsir.folding import fold_batch_norm
from rsir.image import load_pixels
from rsir.memory import Portions

Batches = Sequence[np.ndarray]


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
                # One at a time: h5py looks for rows in any order a hundred times as long.
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
        yield ComputedActivations(backbone, paths, max(1, threads - 1), processor)


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
