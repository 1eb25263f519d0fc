"""Statistics of the pixels of each image, from its thumbnail."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsir.archives.thumbnails import read_thumbnails
from rsir.metrics.arrays import Floats, Ints

_MARGIN = 1  # levels that a JPEG changes a plain area by
_WHITE = 252  # least level of a white pixel, which a JPEG may darken


@dataclass(frozen=True, eq=False)
class PixelStatistics:
    """What the rendering of each of N images looks like, on the scale of 0 to 255.

    Attributes
    ----------
    brightness, contrast
        (N,) mean and standard deviation of the grey levels.
    commonest
        (N,) the commonest grey level.
    plain
        (N,) share of the pixels that have it, or a level next to it.
    clipped
        (N,) share of the pixels that are white, in all channels, up to three levels.
    color
        (N,) mean difference between the largest and the smallest channel of a pixel.
    """

    brightness: Floats
    contrast: Floats
    commonest: Ints
    plain: Floats
    clipped: Floats
    color: Floats


def pixel_statistics(path: Path, images: NDArray[np.str_]) -> PixelStatistics:
    """Read the thumbnails of all images (N,), one by one.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    jpegs = read_thumbnails(path, images, np.arange(len(images)))
    return statistics_of(_picture_statistics(_decoded(jpeg)) for jpeg in jpegs)


def statistics_of(rows: Iterable[tuple[float, ...]]) -> PixelStatistics:
    """Return the statistics of images from a tuple of them for each."""
    table = np.fromiter(rows, np.dtype((float, 6)))
    brightness, contrast, commonest, plain, clipped, color = table.T
    return PixelStatistics(brightness, contrast, commonest.astype(int), plain, clipped, color)


def _picture_statistics(pixels: NDArray[np.uint8]) -> tuple[float, ...]:
    """Return the statistics of an image, uint8 H×W×3, in the order of `PixelStatistics`."""
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    histogram = np.bincount(grey.ravel(), minlength=256) / grey.size
    commonest = int(histogram.argmax())
    smallest = pixels.min(axis=2)
    return (
        float(grey.mean()),
        float(grey.std()),
        commonest,
        float(histogram[max(0, commonest - _MARGIN) : commonest + _MARGIN + 1].sum()),
        float((smallest >= _WHITE).mean()),
        float((pixels.max(axis=2) - smallest).mean()),
    )


def _decoded(jpeg: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(jpeg)) as image:
        return np.asarray(image.convert("RGB"))
