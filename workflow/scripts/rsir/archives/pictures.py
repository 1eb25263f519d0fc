"""8-bit pictures, read by Pillow.

Whether a file surely is one (grey, RGB, palette or CMYK, of at most 8 bits) is decided by its
header. Pillow alone would read the upper 8 bits of some 16-bit images, wrap signed numbers, and
take two bands for grey and alpha.
"""

import ctypes
import io
import logging
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from rsir.archives.image_names import FORMATS
from rsir.archives.rasters import (
    MAX_PIXELS,
    Source,
    describe_raster,
    opaque_or_not,
    raster_driver,
    read_colours,
)
from rsir.core.errors import InputError

Image.MAX_IMAGE_PIXELS = None  # replaced by MAX_PIXELS, which is lower
logging.getLogger("PIL").setLevel(logging.CRITICAL)  # the errors raised say the same

for _library in Path(PIL.__file__).parents[1].glob("pillow.libs/libtiff*"):
    # It prints its errors; Pillow raises them.
    ctypes.CDLL(str(_library)).TIFFSetErrorHandler(None)
    ctypes.CDLL(str(_library)).TIFFSetWarningHandler(None)

_BY_PILLOW = sorted(set(FORMATS.values()) - {"JPEG2000"})
_EIGHT_BIT_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}

_OTHERS = {
    b"GIF8": "a GIF",
    b"%PDF": "a PDF",
    b"\x89HDF": "an HDF5 file",
    b"CDF": "a netCDF file",
    b"PK\3\4": "a zip file",
    b"\0\0\0\x18ftyp": "a HEIC or AVIF picture",
    b"\0\0\0\x1cftyp": "a HEIC or AVIF picture",
    b"\0\0\0\x20ftyp": "a HEIC or AVIF picture",
}
"""What a file is that begins with these bytes."""

# Numbers of TIFF tags.
_SUBFILE, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 258, 259, 262
_SAMPLES, _COLOUR_MAP, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 277, 320, 338, 339

_REDUCED_OR_MASK = 1 | 4  # bits of the tag _SUBFILE
_UNASSOCIATED = 2  # alpha, as a value of _EXTRA_SAMPLES
_PALETTE, _YCBCR = 3, 6  # values of _PHOTOMETRIC
_LAB = (8, 9, 10)
_JPEG = 7  # a value of _COMPRESSION

_COMPRESSIONS = {1, 2, 3, 4, 5, _JPEG, 8, 32773, 32946}
"""Values of _COMPRESSION that Pillow decodes: none, fax, LZW, JPEG, deflate, PackBits."""

_SAMPLES_OF = {0: 1, 1: 1, 2: 3, _PALETTE: 1, 5: 4, _YCBCR: 3}
"""Colour samples for each value of _PHOTOMETRIC: grey, RGB, palette, CMYK, YCbCr."""


def read_picture(source: Source) -> NDArray[np.uint8]:
    """Read an 8-bit picture as RGB, upright (EXIF), without its alpha channel, uint8 H×W×3.

    Parameters
    ----------
    source
        A file, or the content of one.

    Raises
    ------
    InputError
        If the path is not a regular file or not an image, or if the image is damaged, is not surely
        8-bit grey, RGB, palette or CMYK, has several frames or pages, or is larger than
        `MAX_PIXELS` (checked in the header, before decoding).
    """
    if not isinstance(source, bytes) and not source.is_file():
        remedy = "; put an image there or remove its row"
        if source.is_dir():
            remedy = (
                " but a folder; if its files are the bands of an image, name them in the archive's "
                "entry, as in bands: [B02, B03, B04]"
            )
        raise InputError(f"{source}: not a regular file{remedy}")
    flaw = None
    try:
        with Image.open(_openable(source), formats=_BY_PILLOW) as image:
            flaw = _flaw(image)
            if flaw is None and not _is_unsure(image):
                pixels = _as_rgb(image)
                if pixels is not None:
                    return pixels
    except UnidentifiedImageError:
        pass
    except Exception as error:  # on a damaged file Pillow raises nearly anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        flaw = f"cannot be decoded ({reason}); replace the file"
        if raster_driver(source) == "GTiff":  # maybe of a compression that only GDAL knows
            return _by_gdal(source, flaw)
    if flaw is None and raster_driver(source):
        return read_colours(source)
    name = "image" if isinstance(source, bytes) else source
    raise InputError(f"{name}: {flaw or _kind(source)}")


def _openable(source: Source) -> Path | io.BytesIO:
    if isinstance(source, Path):
        return source
    return io.BytesIO(source) if isinstance(source, bytes) else source.open()


def _flaw(image: Image.Image) -> str | None:
    """Return why an opened, not yet decoded image cannot be used, or None."""
    if image.width * image.height > MAX_PIXELS:
        return (
            f"{image.width}×{image.height} pixels, more than the limit of {MAX_PIXELS:,}; "
            "cut it into tiles"
        )
    if _pages(image) > 1:
        return "several frames or pages; keep one"
    if isinstance(image, TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) in _LAB:
        return "colours in CIELab; convert it to 8-bit RGB"
    return None


def _pages(image: Image.Image) -> int:
    """Return the number of frames or pages, without previews and masks."""
    frames: int = getattr(image, "n_frames", 1)
    if frames == 1 or image.format == "MPO":  # an MPO is a JPEG with previews behind it
        return 1
    if not isinstance(image, TiffImageFile):
        return frames
    pages = 1
    for frame in range(1, frames):
        image.seek(frame)
        pages += not image.tag_v2.get(_SUBFILE, 0) & _REDUCED_OR_MASK
    image.seek(0)
    return pages


def _is_unsure(image: Image.Image) -> bool:
    """Return whether an image might not be 8-bit grey, RGB, palette or CMYK."""
    if image.mode not in _EIGHT_BIT_MODES:
        return True
    if isinstance(image, PngImageFile):
        return any("16" in str(tile.args) for tile in image.tile)
    if not isinstance(image, TiffImageFile):
        return False
    tags = image.tag_v2
    compression = tags.get(_COMPRESSION, 1)
    if compression not in _COMPRESSIONS:
        return True
    if _COLOUR_MAP in tags and tags.get(_PHOTOMETRIC) != _PALETTE:
        return True  # declared as grey, but GDAL applies the colours
    if compression == _JPEG and tags.get(_PHOTOMETRIC) == _YCBCR:
        return True  # GDAL interpolates the colours between pixels, Pillow does not
    samples, extra = tags.get(_SAMPLES, 1), tags.get(_EXTRA_SAMPLES, ())
    colours = _SAMPLES_OF.get(tags.get(_PHOTOMETRIC, -1), 0)
    few_bits = set(tags.get(_BITS, (1,))) <= ({8} if samples > 1 else {1, 2, 4, 8})
    unsigned = set(tags.get(_SAMPLE_FORMAT, (1,))) == {1}
    if samples == colours + 1:
        # Of one band and a further one, only an alpha channel is sure to be no second band.
        of_alpha = (_UNASSOCIATED,) if colours == 1 else (0, _UNASSOCIATED)
        return not (few_bits and unsigned and extra[:1] and extra[0] in of_alpha)
    return not (few_bits and unsigned and samples == colours)


def _as_rgb(image: Image.Image) -> NDArray[np.uint8] | None:
    """Decode an image as RGB; None if its alpha channel turns out to be none."""
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    colour_map, extra = tags.get(_COLOUR_MAP), tags.get(_EXTRA_SAMPLES, ())
    ImageOps.exif_transpose(image, in_place=True)
    if _UNASSOCIATED in extra and not opaque_or_not(np.array(image.getchannel(-1).histogram())):
        return None
    if image.mode == "P" and colour_map and max(colour_map) < 256:
        # Colour maps are of 16 bits, but some writers fill them with 8; Pillow takes the upper 8.
        colours: NDArray[np.uint8] = np.array(colour_map, np.uint8).reshape(3, -1).T
        return np.asarray(colours[np.asarray(image)])
    image.info.pop("transparency", None)  # else Pillow warns that it is dropped
    return np.asarray(image.convert("RGB"))


def _by_gdal(source: Source, flaw: str) -> NDArray[np.uint8]:
    """Read a TIFF that Pillow cannot decode; `flaw` is what Pillow says."""
    try:
        describe_raster(source)
    except InputError:
        name = "image" if isinstance(source, bytes) else source
        raise InputError(f"{name}: {flaw}") from None
    return read_colours(source)


def _kind(source: Source) -> str:
    """Return what a file is that is no image."""
    if isinstance(source, bytes):
        beginning = source[:12]
    else:
        with source.open("rb") as file:
            beginning = file.read(12)
    for key, kind in _OTHERS.items():
        if beginning.startswith(key):
            return f"{kind}; convert it to PNG or GeoTIFF"
    formats = {b"BM": "BMP", b"RIFF": "WebP"}
    for key, kind in formats.items():
        if beginning.startswith(key):
            return f"cannot be decoded (a damaged {kind}); replace the file"
    return f"not an image in {', '.join(sorted(set(FORMATS.values())))}; convert it"
