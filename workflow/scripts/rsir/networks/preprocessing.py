"""Preprocessing of images for a network: resizing, cropping and normalisation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from rsir.archives.pixels import ArchiveImages
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

    Attributes
    ----------
    resize
        `squash` or `crop`, see `resize_pixels`.
    size, resize_size
        In pixels; `resize_size` is the shorter side before the centre crop.
    mean, std
        Mean and standard deviation per channel: of the rendering on the scale 0..1, of bands in the
        units of their sensor.
    interpolation
        `bilinear` or `bicubic`.
    bands, sensor
        The bands that the network takes; None for the rendering. The sensor of the bands; None for
        that of the archive.
    range
        Least and greatest value after the normalisation.
    missing
        The value of a band that an archive may lack.
    eight_bit
        The bands whose values are 0 to 255.
    """

    resize: str
    size: int
    resize_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str
    bands: tuple[str, ...] | None = None
    sensor: str | None = None
    range: tuple[float, float] | None = None
    missing: Mapping[str, float] = field(default_factory=dict)
    eight_bit: tuple[str, ...] = ()

    @property
    def image_bytes(self) -> int:
        """The size of an image at the input size of the network."""
        pixels = self.size * self.size
        return pixels * 3 if self.bands is None else pixels * len(self.bands) * 4

    def select(self, images: ArchiveImages) -> ArchiveImages:
        """Return the images with what the network takes of them: the rendering or bands.

        Raises
        ------
        InputError
            If they lack a band.
        """
        return images.select(self.bands, self.sensor, self.missing)

    def prepare(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Scale an image to the input size of the network, see `resize_pixels`.

        Raises
        ------
        InputError
            If a band that the network takes as 8-bit values has others.
        """
        for band in self.eight_bit:
            values = pixels[..., (self.bands or ()).index(band)]
            if values.min() < 0 or values.max() > 255:
                raise InputError(
                    f"band {band}: the network takes values of 8 bits, and the image has "
                    f"{values.min():g} to {values.max():g}; use a network for the sensor's values"
                )
        return resize_pixels(pixels, self.size, self.resize, self.resize_size, self.interpolation)

    def normalise(self, pixels: Tensor) -> Tensor:
        """Convert pixels B×H×W×C to normalised float32 B×C×H×W in channels-last memory."""
        scale = 255 if self.bands is None else 1
        mean = torch.tensor(self.mean, device=pixels.device) * scale
        std = torch.tensor(self.std, device=pixels.device) * scale
        normalised = (pixels.float() - mean) / std
        if self.range is not None:
            normalised = normalised.clamp(*self.range)
        return normalised.permute(0, 3, 1, 2)
