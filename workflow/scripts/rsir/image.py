"""Images as 8-bit RGB, and the pixels a network is given."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from rsir.errors import InputError

FORMATS = {
    ".bmp": "BMP",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
"""Pillow's name of the format of each ending of an image file."""

MAX_PIXELS = 80_000_000
"""The largest image that is decoded."""

INTERPOLATIONS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}

Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit is higher, and its words are not ours

_FORMATS = sorted(set(FORMATS.values()))
_EIGHT_BIT_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}


def read_image(path: Path) -> Image.Image:
    """Read an image as 8-bit RGB, upright, without its alpha channel.

    Raises
    ------
    InputError
        If the file is no regular file, no image, damaged, of more than 8 bits a channel, of
        several frames, or larger than `MAX_PIXELS` (known from its header, before it is decoded).
    """
    if not path.is_file():
        raise InputError(f"{path}: not a regular file; put an image there or take its row out")
    try:
        with Image.open(path, formats=_FORMATS) as image:
            flaw = _flaw(image)
            if flaw is None:
                ImageOps.exif_transpose(image, in_place=True)
                image.info.pop("transparency", None)  # else Pillow warns that it is dropped
                return image.convert("RGB")
    except UnidentifiedImageError:
        flaw = f"not an image in {', '.join(_FORMATS)}; convert it"
    except Exception as error:  # on a damaged file Pillow raises nearly anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        flaw = f"cannot be decoded ({reason}); replace the file"
    raise InputError(f"{path}: {flaw}")


def load_pixels(
    path: Path,
    size: int,
    resize: str = "squash",
    resize_size: int | None = None,
    interpolation: str = "bilinear",
) -> NDArray[np.uint8]:
    """Read an image at the size a network takes.

    Parameters
    ----------
    path
        The image file.
    size
        The side of the square that is returned, in pixels.
    resize
        `squash` scales the whole image to the square: labels speak of all of it. `crop` scales
        the shorter side to `resize_size` and cuts the square from the centre, as torchvision's
        presets do.
    resize_size
        The shorter side before the crop, in pixels, at least `size`; only `crop` uses it.
    interpolation
        `bilinear`, as in the presets of torchvision's weights for the networks of the thesis, or
        `bicubic`. Both are Pillow's, which smooth when they shrink.

    Returns
    -------
    ndarray, size × size × 3
    """
    image = read_image(path)
    resample = INTERPOLATIONS[interpolation]
    if resize == "squash":
        return np.array(image.resize((size, size), resample))
    if resize != "crop":
        raise ValueError(f"resize is {resize!r}, neither 'squash' nor 'crop'")
    if resize_size is None or resize_size < size:
        raise InputError(
            f"resize_size: {resize_size} is less than the network's input size {size}; raise it"
        )
    shorter = min(image.size)
    width, height = (resize_size * side // shorter for side in image.size)
    left, top = round((width - size) / 2), round((height - size) / 2)
    scaled = image.resize((width, height), resample)
    return np.array(scaled.crop((left, top, left + size, top + size)))


def _flaw(image: Image.Image) -> str | None:
    """Say what keeps an opened, not yet decoded image from being used."""
    if image.width * image.height > MAX_PIXELS:
        return (
            f"{image.width}×{image.height} pixels, of which {MAX_PIXELS:,} are allowed; "
            "cut it into tiles"
        )
    if getattr(image, "n_frames", 1) > 1:
        return "several frames or pages; keep one"
    if image.mode not in _EIGHT_BIT_MODES:
        return f"pixels of Pillow's mode {image.mode}; convert it to 8-bit RGB"
    # Pillow reads 16-bit colour as RGB, too, and keeps the upper 8 bits: mostly black where
    # a sensor's 11 or 12 bits are stored in 16.
    if any(re.search(";16[BLN]", str(tile.args)) for tile in getattr(image, "tile", [])):
        return "16 bits a channel; convert it to 8-bit RGB"
    return None
