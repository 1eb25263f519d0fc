"""Image files of one picture in many encodings, and what reading them as a picture must give."""

import struct
import zlib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import tifffile
from numpy.typing import NDArray
from PIL import Image

HEIGHT, WIDTH = 40, 56
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH]
TRUTH = np.stack([X * 4, Y * 6, (X * 3 + Y * 2) % 256], 2).astype(np.uint8)
GREY = np.repeat(TRUTH[..., :1], 3, 2)
MASK = np.where(X > Y, 255, 0).astype(np.uint8)
INFRARED = (X * Y % 256).astype(np.uint8)
RED, GREEN, BLUE = np.moveaxis(TRUTH, 2, 0)
RGB = [RED, GREEN, BLUE]

Write = Callable[[Path], None]
WRITERS: dict[str, Write] = {}

READ: dict[str, NDArray[np.uint8]] = {}
"""File → what is read from it, exactly."""

READ_AS_GDAL: list[str] = []
"""Files of lossy compression, which are read as rasterio reads them, within 2 levels."""

REFUSED: dict[str, str] = {}
"""File → what the error says of it."""


def gdal(bands: list[NDArray[Any]], dtype: str = "uint8", **options: Any) -> Write:
    """Return a writer of bands by rasterio."""

    def write(path: Path) -> None:
        size = {"height": HEIGHT, "width": WIDTH, "count": len(bands), "dtype": dtype}
        with rasterio.open(path, "w", driver="GTiff", **size, **options) as file:
            file.write(np.stack(bands).astype(dtype))

    return write


def tiff(pixels: NDArray[Any], **options: Any) -> Write:
    """Return a writer of pixels by tifffile."""
    return lambda path: tifffile.imwrite(path, pixels, **options)


def pillow(pixels: NDArray[Any], mode: str | None = None, **options: Any) -> Write:
    """Return a writer of pixels by Pillow."""
    image = Image.fromarray(pixels)
    image = image.convert(mode) if mode else image
    return lambda path: image.save(path, **options)


def png(pixels: NDArray[np.uint16], kind: int) -> Write:
    """Return a writer of a 16-bit PNG of a colour type."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, kind, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return lambda path: _write(path, b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def read(name: str, write: Write, pixels: NDArray[np.uint8] = TRUTH) -> None:
    """Add a file that is read exactly."""
    WRITERS[name], READ[name] = write, pixels


def refused(name: str, write: Write, message: str) -> None:
    """Add a file that is refused."""
    WRITERS[name], REFUSED[name] = write, message


def lossy(name: str, write: Write) -> None:
    """Add a file of lossy compression."""
    WRITERS[name] = write
    READ_AS_GDAL.append(name)


TILED = {"tiled": True, "blockxsize": 16, "blockysize": 16}
for _compress, _interleave in product(
    ("none", "lzw", "deflate", "packbits", "zstd", "lzma", "lerc"), ("pixel", "band")
):
    for _layout in ({}, TILED):
        read(
            f"{_compress}_{_interleave}{'_tiled' if _layout else ''}.tif",
            gdal(RGB, compress=_compress, interleave=_interleave, photometric="RGB", **_layout),
        )
for _compress in ("lzw", "deflate", "zstd"):
    read(f"{_compress}_predicted.tif", gdal(RGB, compress=_compress, predictor=2))
read("bigtiff.tif", gdal(RGB, bigtiff="YES"))
read("big_endian.tif", gdal(RGB, endianness="BIG", compress="lzw"))
read("nodata_0.tif", gdal(RGB, nodata=0))
read("grey.tif", gdal([RED]), GREY)
read("white_is_zero.tif", tiff(255 - RED, photometric="miniswhite"), GREY)
read("rgb_and_mask.tif", gdal([*RGB, MASK], photometric="RGB", alpha="YES"))
read("rgb_and_mask_band.tif", gdal([*RGB, MASK], photometric="RGB", alpha="YES", interleave="band"))
read("rgb_and_other.tif", gdal([*RGB, INFRARED], photometric="RGB", alpha="NO"))
read(
    "rgb_and_other_band.tif",
    gdal([*RGB, INFRARED], photometric="RGB", alpha="NO", interleave="band"),
)
read("planes.tif", tiff(np.stack(RGB), photometric="rgb", planarconfig="separate"))
read("pillow.png", pillow(TRUTH))
read("pillow.bmp", pillow(TRUTH))
read("pillow.webp", pillow(TRUTH, lossless=True))
read("UPPER.TIF", pillow(TRUTH))
read("alpha.png", pillow(np.dstack([TRUTH, INFRARED])))
read("grey_alpha.png", pillow(np.dstack([RED, INFRARED]), "LA"), GREY)
read("jpeg2000.jp2", pillow(TRUTH, irreversible=False, quality_layers=[0]))
read("upside_down.tif", tiff(TRUTH[::-1], photometric="rgb", extratags=[(274, 3, 1, 4, True)]))
for _bits in (4, 12):
    refused(
        f"{_bits}_bits.tif",
        gdal([band // 16 for band in RGB], "uint8" if _bits < 8 else "uint16", nbits=_bits),
        f"3 bands of {_bits} bits, not an 8-bit picture",
    )
for _kind, _interleave in product(
    ("int8", "uint16", "int16", "uint32", "int32", "float32", "float64"), ("pixel", "band")
):
    refused(
        f"rgb_{_kind}_{_interleave}.tif",
        gdal([band // 2 for band in RGB], _kind, photometric="RGB", interleave=_interleave),
        f"3 bands of {_kind}, not an 8-bit picture",
    )
    refused(
        f"grey_{_kind}_{_interleave}.tif",
        gdal([RED // 2], _kind, interleave=_interleave),
        f"1 band of {_kind}, not an 8-bit picture",
    )
refused("complex.tif", gdal([RED], "complex64"), "1 band of complex64, not an 8-bit picture")
for _count in (2, 5, 13):
    refused(f"{_count}_bands.tif", gdal([RED] * _count), f"{_count} bands of uint8")
refused("three_bands.tif", gdal(RGB, photometric="MINISBLACK"), "3 bands of uint8, not an 8-bit")
refused(
    "blue_green_red_infrared.tif",
    gdal([BLUE, GREEN, RED, INFRARED]),
    "4 bands of uint8, the last no mask, not an 8-bit picture; name the bands in the archive's "
    r"entry, as in bands: \[1, 2, 3, 4\] and rgb: {bands: \[3, 2, 1\], percentiles: \[2, 98\]}",
)
refused("grey_and_other.tif", gdal([RED, INFRARED], photometric="MINISBLACK"), "2 bands of uint8")
refused(
    "planes_uint16.tif",
    tiff(np.stack(RGB).astype(np.uint16), photometric="rgb", planarconfig="separate"),
    "3 bands of uint16",
)
refused("pages.tif", tiff(np.stack(RGB), photometric="minisblack"), "several frames or pages")
refused(
    "cmyk_uint16.tif",
    tiff(np.stack([*RGB, RED]).astype(np.uint16), photometric="separated", planarconfig="separate"),
    "4 bands of uint16",
)
refused("gif.png", pillow(TRUTH, format="GIF"), "a GIF; convert it")
refused(
    "sixteen.png", png(TRUTH.reshape(HEIGHT, -1).astype(np.uint16) * 257, 2), "3 bands of uint16"
)
refused("sixteen_grey.png", png(RED.astype(np.uint16) * 257, 0), "1 band of uint16")
for _colours, _options in product(("RGB", "YCBCR"), ({}, TILED)):
    _name = f"jpeg_{_colours.lower()}{'_tiled' if _options else ''}.tif"
    lossy(_name, gdal(RGB, compress="JPEG", photometric=_colours, **_options))
lossy("pillow.jpg", pillow(TRUTH, quality=95, subsampling=0))
lossy("progressive.jpg", pillow(TRUTH, quality=95, progressive=True, subsampling=0))
lossy("previews.jpg", pillow(TRUTH, quality=95, format="MPO", save_all=True, subsampling=0))


def _with_overviews(path: Path) -> None:
    gdal(RGB)(path)
    with rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4])


def _with_inner_mask(path: Path) -> None:
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        gdal(RGB, photometric="RGB")(path)
        with rasterio.open(path, "r+") as file:
            file.write_mask(MASK)


def _cloud_optimized(path: Path) -> None:
    profile = {"height": HEIGHT, "width": WIDTH, "count": 3, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="COG", **profile) as file:
        file.write(np.stack(RGB))


def _palette(scale: int) -> Write:
    """Return a writer of a palette TIFF of four grey levels, whose map is of 8 or 16 bits."""
    colours = np.zeros((3, 256), np.uint16)
    colours[:, :4] = np.array([0, 80, 160, 240]) * scale
    return tiff((X // 14).astype(np.uint8), photometric="palette", colormap=colours)


def _grey_with_colours(path: Path) -> None:
    gdal([X // 14])(path)
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {level: (level * 80,) * 3 for level in range(4)})


_LEVELS = np.repeat((X // 14 * 80).astype(np.uint8)[..., None], 3, 2)
read("overviews.tif", _with_overviews)
read("inner_mask.tif", _with_inner_mask)
read("cog.tif", _cloud_optimized)
read("palette.tif", _palette(257), _LEVELS)
read("palette_of_8_bits.tif", _palette(1), _LEVELS)
read("grey_with_colours.tif", _grey_with_colours, _LEVELS)
read("one_bit.tif", pillow(RED > 100), np.where(GREY > 100, 255, 0).astype(np.uint8))
read(
    "premultiplied.tif",
    gdal([*(band * (MASK > 0) for band in RGB), MASK], photometric="RGB", alpha="PREMULTIPLIED"),
    TRUTH * (MASK > 0)[..., None],
)
