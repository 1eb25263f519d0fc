"""8-bit pictures, read by Pillow."""

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
"""Pillow's format name for each suffix of an image file."""

MAX_PIXELS = 80_000_000
"""Maximum number of pixels of an image."""

Image.MAX_IMAGE_PIXELS = None  # replaced by MAX_PIXELS, which is lower

_FORMATS = sorted(set(FORMATS.values()))
_EIGHT_BIT_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}


def read_picture(path: Path) -> Image.Image:
    """Read an image as 8-bit RGB, upright (EXIF), without its alpha channel.

    Raises
    ------
    InputError
        If the path is not a regular file or not an image, or if the image is damaged, has more than
        8 bits per channel or several frames, or is larger than `MAX_PIXELS` (checked in the
        header, before decoding).
    """
    if not path.is_file():
        raise InputError(f"{path}: not a regular file; put an image there or remove its row")
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
    """Return why an opened, not yet decoded image cannot be used, or None."""
    if image.width * image.height > MAX_PIXELS:
        return (
            f"{image.width}×{image.height} pixels, more than the limit of {MAX_PIXELS:,}; "
            "cut it into tiles"
        )
    if getattr(image, "n_frames", 1) > 1:
        return "several frames or pages; keep one"
    if image.mode not in _EIGHT_BIT_MODES:
        return f"pixels of Pillow's mode {image.mode}; convert it to 8-bit RGB"
    # Pillow also reads 16-bit colour as RGB, with the upper 8 bits only: mostly black if the 11 or
    # 12 bits of a sensor are stored in 16.
    if any(re.search(";16[BLN]", str(tile.args)) for tile in getattr(image, "tile", [])):
        return "16 bits per channel; convert it to 8-bit RGB"
    return None
