"""Readers of pixels: image files as 8-bit RGB."""

import re
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from rsir.core.errors import InputError

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
