"""What sources of activations have in common: numbered views of images, read in batches."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from rsir.networks.backbone import Activations

Batches = Sequence[np.ndarray]


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
