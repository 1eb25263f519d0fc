"""Preprocessing of images for a network: resizing, cropping and normalisation."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from rsir.archives.pixels import read_image
from rsir.core.errors import InputError

INTERPOLATIONS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def load_pixels(
    path: Path,
    size: int,
    resize: str = "squash",
    resize_size: int | None = None,
    interpolation: str = "bilinear",
) -> NDArray[np.uint8]:
    """Read an image at the input size of a network.

    Parameters
    ----------
    path
        The image file.
    size
        The side of the square that is returned, in pixels.
    resize
        `squash` scales the whole image to the square, since labels refer to the whole image.
        `crop` scales the shorter side to `resize_size` and crops the square from the centre, as
        torchvision's presets do.
    resize_size
        The shorter side before the crop, in pixels, at least `size`; only `crop` uses it.
    interpolation
        `bilinear`, as in the presets of torchvision's weights for the networks of the thesis, or
        `bicubic`. Both are Pillow's, which antialias when downscaling.

    Returns
    -------
    ndarray, size × size × 3
    """
    image = read_image(path)
    resample = INTERPOLATIONS[interpolation]
    if resize == "squash":
        return np.array(image.resize((size, size), resample))
    if resize != "crop":
        raise ValueError(f"resize is {resize!r}, expected 'squash' or 'crop'")
    if resize_size is None or resize_size < size:
        raise InputError(
            f"resize_size: {resize_size} is less than the network's input size {size}; raise it"
        )
    shorter = min(image.size)
    width, height = (resize_size * side // shorter for side in image.size)
    left, top = round((width - size) / 2), round((height - size) / 2)
    scaled = image.resize((width, height), resample)
    return np.array(scaled.crop((left, top, left + size, top + size)))


@dataclass(frozen=True)
class Preprocessing:
    """The preprocessing of images for a network.

    `resize` is `squash` or `crop`, see `load_pixels`. Sizes in pixels; `resize_size` is the shorter
    side before the centre crop. Means and standard deviations per channel on the scale 0..1.
    """

    resize: str
    size: int
    resize_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str

    def load(self, path: Path) -> NDArray[np.uint8]:
        """Read an image at the input size of the network, see `load_pixels`."""
        return load_pixels(path, self.size, self.resize, self.resize_size, self.interpolation)

    def normalise(self, pixels: Tensor) -> Tensor:
        """Convert uint8 pixels B×H×W×3 to normalised float32 B×3×H×W in channels-last memory."""
        mean = torch.tensor(self.mean, device=pixels.device) * 255
        std = torch.tensor(self.std, device=pixels.device) * 255
        return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)
