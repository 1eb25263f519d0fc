"""Images at the input size of a network, which worker processes decode."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from rsir.core.errors import InputError
from rsir.networks.augmentation import DRAWS, Augmentation
from rsir.networks.preprocessing import Preprocessing
from rsir.networks.views import turned


class PreparedImages(Dataset[np.ndarray | InputError]):
    """Each view of an image at the input size of a network, or the error raised while reading.

    With an augmentation, the views are its draws.
    """

    def __init__(
        self,
        images: Sequence[NDArray[Any]],
        preprocessing: Preprocessing,
        views: int = 1,
        augmentation: Augmentation | None = None,
    ) -> None:
        self._images = images
        self._preprocessing = preprocessing
        self._views = DRAWS if augmentation else views
        self._augmentation = augmentation
        self._last: tuple[int, NDArray[Any]] | None = None  # row and pixels

    def __len__(self) -> int:
        return len(self._images) * self._views

    def __getitem__(self, number: int) -> np.ndarray | InputError:
        row, view = divmod(number, self._views)
        try:
            if self._augmentation and view:
                return self._augmentation.apply(self._images[row], self._preprocessing, view)
            if self._last is None or self._last[0] != row:
                self._last = row, self._preprocessing.prepare(self._images[row])
        except InputError as error:  # torch would wrap the message in a worker traceback
            return error
        return turned(self._last[1], view) if view else self._last[1]


def stacked(pixels: list[np.ndarray | InputError]) -> Tensor | InputError:
    """Return the pixels of images as one tensor, or the first error."""
    errors = [item for item in pixels if isinstance(item, InputError)]
    arrays = [item for item in pixels if isinstance(item, np.ndarray)]
    return errors[0] if errors else torch.from_numpy(np.stack(arrays))
