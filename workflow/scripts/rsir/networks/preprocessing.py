"""Preprocessing of images for a network: resizing, cropping and normalisation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from rsir.core.errors import InputError

INTERPOLATIONS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def resize_pixels(
    pixels: NDArray[Any],
    size: int,
    resize: str = "squash",
    resize_size: int | None = None,
    interpolation: str = "bilinear",
) -> NDArray[Any]:
    """Scale an image to the input size of a network.

    Parameters
    ----------
    pixels
        The image: uint8 H×W×3, or float32 H×W×C.
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
        `bicubic`. Pillow's for uint8, torch's for float32; both antialias when downscaling.

    Returns
    -------
    ndarray, size × size × C, of the same type
    """
    if resize == "squash":
        return _scaled(pixels, size, size, interpolation)
    if resize != "crop":
        raise ValueError(f"resize is {resize!r}, expected 'squash' or 'crop'")
    if resize_size is None or resize_size < size:
        raise InputError(
            f"resize_size: {resize_size} is less than the network's input size {size}; raise it"
        )
    sides = pixels.shape[:2]
    height, width = (resize_size * side // min(sides) for side in sides)
    top, left = round((height - size) / 2), round((width - size) / 2)
    return _scaled(pixels, height, width, interpolation)[top : top + size, left : left + size]


def _scaled(pixels: NDArray[Any], height: int, width: int, interpolation: str) -> NDArray[Any]:
    if pixels.dtype == np.uint8:
        image = Image.fromarray(pixels).resize((width, height), INTERPOLATIONS[interpolation])
        return np.array(image)
    planes = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    scaled = interpolate(planes, (height, width), mode=interpolation, antialias=True)
    return scaled[0].permute(1, 2, 0).numpy()


@dataclass(frozen=True)
class Preprocessing:
    """The preprocessing of images for a network.

    `resize` is `squash` or `crop`, see `resize_pixels`. Sizes in pixels; `resize_size` is the
    shorter side before the centre crop. Means and standard deviations per channel, on the scale
    0..1.
    """

    resize: str
    size: int
    resize_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str

    def prepare(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Scale an image to the input size of the network, see `resize_pixels`."""
        return resize_pixels(pixels, self.size, self.resize, self.resize_size, self.interpolation)

    def normalise(self, pixels: Tensor) -> Tensor:
        """Convert uint8 pixels B×H×W×3 to normalised float32 B×3×H×W in channels-last memory."""
        mean = torch.tensor(self.mean, device=pixels.device) * 255
        std = torch.tensor(self.std, device=pixels.device) * 255
        return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)
