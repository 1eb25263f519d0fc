"""Augmentation of images for the training of a whole network: random crops, turned at random.

Draw d of the image in row i of an archive has the number i × `DRAWS` + d; draw 0 is the image as it
is.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.networks.preprocessing import Preprocessing
from rsir.networks.views import turned

DRAWS = 1 << 31

ASPECT = 4 / 3
"""Largest ratio of the sides of a crop, relative to that of the image; the least is its inverse."""


@dataclass(frozen=True)
class Augmentation:
    """How draws of an image differ from it.

    Attributes
    ----------
    views
        Number of views of which one is drawn, see `rsir.networks.views`.
    crop
        Least part of the area of an image that a crop covers; 1 for whole images.
    """

    views: int
    crop: float

    def apply(self, pixels: NDArray[Any], preprocessing: Preprocessing, draw: int) -> NDArray[Any]:
        """Return a draw of an image H×W×C at the input size of a network, determined by `draw`."""
        generator = np.random.default_rng(draw)
        if self.crop < 1:
            pixels = pixels[random_crop(pixels.shape[:2], self.crop, generator)]
            preprocessing = replace(preprocessing, resize="squash")
        prepared = preprocessing.prepare(np.ascontiguousarray(pixels))
        return turned(prepared, int(generator.integers(self.views)))


def random_crop(
    shape: tuple[int, ...], least: float, generator: np.random.Generator
) -> tuple[slice, slice]:
    """Return rows and columns of a random part of an image (H, W).

    As in the random resized crop of Szegedy et al., "Going deeper with convolutions" (2015), the
    area is uniform from `least` to 1 of that of the image, and the logarithm of the aspect is
    uniform up to that of `ASPECT`; here it is relative to the aspect of the image, and sides end
    at those of the image. The place is uniform.
    """
    area = generator.uniform(least, 1)
    aspect = math.exp(generator.uniform(-math.log(ASPECT), math.log(ASPECT)))
    parts = math.sqrt(area * aspect), math.sqrt(area / aspect)
    sides = [min(side, max(1, round(side * part))) for side, part in zip(shape, parts, strict=True)]
    starts = [
        int(generator.integers(whole - side + 1)) for whole, side in zip(shape, sides, strict=True)
    ]
    rows, columns = (slice(start, start + side) for start, side in zip(starts, sides, strict=True))
    return rows, columns
