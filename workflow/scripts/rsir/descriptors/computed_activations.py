"""Activations at the cut, computed from the images."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from rsir.core.errors import InputError
from rsir.descriptors.activation_source import Batches, consecutive_batches
from rsir.descriptors.prepared_images import PreparedImages, stacked
from rsir.networks.augmentation import Augmentation
from rsir.networks.backbone import Activations, Backbone, concatenated
from rsir.networks.cut import START
from rsir.networks.folding import for_inference
from rsir.networks.out_of_memory import Portions
from rsir.networks.precision import (
    activations_at_cut,
    all_finite,
    check_activations,
    normalised_images,
)
from rsir.networks.processor import Processor

SHARED_BYTES = 1 << 25
"""Memory that workers share with the main process."""

PIECE_SIZE = 16
"""Largest number of images that a worker delivers at once."""

WAITING_PIECES = 2
"""Number of pieces that a worker prepares in advance."""


class ComputedActivations:
    """Activations computed from the images, which worker processes decode in advance.

    Of a network that is cut at its start, they are the normalised images, in float32. With an
    augmentation, the views of an image are its draws, see `rsir.networks.augmentation`.
    """

    def __init__(
        self,
        backbone: Backbone,
        images: Sequence[NDArray[Any]],
        workers: int,
        processor: Processor,
        augmentation: Augmentation | None = None,
    ) -> None:
        self._compute: Callable[[Tensor], Activations] = partial(
            activations_at_cut,
            for_inference(processor.place(backbone.trunk), processor.inference),
            backbone.preprocessing,
            processor,
        )
        if backbone.cut == START:
            self._compute = partial(normalised_images, backbone.preprocessing, processor)
        self._processor = processor
        self._portions = Portions()
        self._pieces: list[list[int]] = []  # of the current pass
        waiting = max(1, workers) * WAITING_PIECES * backbone.preprocessing.image_bytes
        self.piece_size = min(PIECE_SIZE, max(1, SHARED_BYTES // waiting))
        self._loader = DataLoader(
            PreparedImages(images, backbone.preprocessing, backbone.views, augmentation),
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
        finite = torch.ones((), dtype=torch.bool, device=device)
        for pixels, count in self._pixels(order):
            whole = self._portions.attempt(
                lambda parts: concatenated(map(self._compute, parts)), pixels
            )
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
