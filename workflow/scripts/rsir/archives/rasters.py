"""Rasters of any depth and number of bands, read by rasterio.

Only the file itself counts: neither files beside it nor its place on Earth are looked at. rasterio
is imported when the first raster is read.
"""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.archives.containers.member import Location
from rsir.archives.planes import TAG, Plane, marked_missing, plane
from rsir.core.errors import InputError

MAX_PIXELS = 80_000_000
"""Maximum number of pixels of an image."""

MAX_VALUES = 3 * MAX_PIXELS
"""Maximum number of values, pixels × bands, that are read of an image."""

_DRIVERS = {
    b"II*\0": "GTiff",
    b"MM\0*": "GTiff",
    b"II+\0": "GTiff",
    b"MM\0+": "GTiff",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"\0\0\0\x0cjP  ": "JP2OpenJPEG",
    b"\xff\x4f\xff\x51": "JP2OpenJPEG",
}
"""GDAL's driver for each beginning of a file. No other is used: some of them open other files."""

_NAMES = {"GTiff": "TIFF", "JP2OpenJPEG": "JPEG 2000"}

_WITHOUT_PLACE = {"GTiff": {"GEOREF_SOURCES": "NONE"}}  # finding the place takes most of the time
warnings.filterwarnings("ignore", "Dataset has no geotransform")
logging.getLogger("rasterio").setLevel(logging.CRITICAL)  # the errors raised say the same
_OPTIONS = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}

_RGB = ("red", "green", "blue")

_OPAQUE_SHARE = 0.9
"""Share of an alpha channel's values that are 0 or 255; with fewer, it is taken for a band."""

Source = Location | bytes
"""A file, or the content of one."""


def raster_driver(source: Source) -> str | None:
    """Return the name of GDAL's driver for a file by its beginning, or None."""
    if isinstance(source, bytes):
        beginning = source[:12]
    else:
        with source.open("rb") as file:
            beginning = file.read(12)
    return next((name for key, name in _DRIVERS.items() if beginning.startswith(key)), None)


def describe_raster(source: Source) -> str:
    """Return what a raster holds in a few words, such as `13 bands of uint16`.

    Raises
    ------
    InputError
        If it cannot be opened.
    """
    with opened(source) as dataset:
        return _in_words(dataset)


def count_bands(source: Source) -> int:
    """Return the number of bands of a raster."""
    with opened(source) as dataset:
        return int(dataset.count)


def read_planes(
    source: Source, numbers: Sequence[int], count: int, nodata: str | float
) -> list[Plane]:
    """Read bands of a raster.

    Parameters
    ----------
    source
        A file, or the content of one.
    numbers
        The bands, from 1.
    count
        The number of bands that the raster must have, besides an alpha channel.
    nodata
        `tag`, `ignore`, `empty_band` or a number.

    Raises
    ------
    InputError
        If the raster cannot be read, is too large, has other bands or complex numbers.
    """
    with opened(source) as dataset:
        has_alpha = dataset.count == count + 1 and _is_alpha(dataset)
        if dataset.count != count and not has_alpha:
            raise _error(
                source,
                f"{_in_words(dataset)}, but the archive's images have {count}; correct the "
                "archive's bands or replace the file",
            )
        _check_values(source, dataset, len(numbers))
        if dataset.count == 1 and dataset.colorinterp[0].name == "palette":
            raise _error(source, "a palette of colours, not measurements; convert it to RGB")
        values = dataset.read(list(numbers))
        marked = marked_missing(dataset, numbers, values, has_alpha) if nodata == TAG else None
    return [
        plane(band, None if marked is None else marked[place], nodata)
        for place, band in enumerate(values)
    ]


def read_colours(source: Source) -> NDArray[np.uint8]:
    """Read a raster that is surely 8-bit grey, RGB or palette as RGB, uint8 H×W×3.

    Raises
    ------
    InputError
        If it cannot be read, or is something else.
    """
    with opened(source) as dataset:
        kinds = tuple(kind.name for kind in dataset.colorinterp)
        alpha = kinds[-1] == "alpha"
        colours = (
            kinds[:3] if kinds[:3] == _RGB and len(kinds) == 4 else kinds[: len(kinds) - alpha]
        )
        sure = colours in (("gray",), ("palette",), _RGB)
        if set(dataset.dtypes) != {"uint8"} or not sure or _few_bits(dataset):
            raise not_a_picture(source, _in_words(dataset), dataset.count)
        _check_values(source, dataset, len(kinds))
        values = dataset.read()
        if alpha and not opaque_or_not(np.bincount(values[-1].ravel(), minlength=256)):
            raise not_a_picture(source, f"{_in_words(dataset)}, the last no mask", dataset.count)
        if colours == ("palette",):
            table = np.zeros((256, 3), np.uint8)
            for index, colour in dataset.colormap(1).items():
                table[index] = colour[:3]
            return np.asarray(table[values[0]])
    pixels = np.moveaxis(values[: len(colours)], 0, -1)
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def opaque_or_not(counts: NDArray[Any]) -> bool:
    """Return whether the histogram (256,) of an 8-bit channel is that of a transparency mask.

    Near-infrared bands are often declared as alpha, since that is what writers do by default.
    """
    total = counts.sum()
    return bool(counts[0] + counts[255] >= _OPAQUE_SHARE * total or counts.max() == total)


def not_a_picture(source: Source, contents: str, count: int) -> InputError:
    """Return the error for a raster that is no 8-bit picture; it says what to configure."""
    bands = ", ".join(map(str, range(1, count + 1))) if count < 5 else f"1, 2, …, {count}"
    rgb = {1: "1, 1, 1", 2: "1, 2, 1"}.get(count, "3, 2, 1")
    return _error(
        source,
        f"{contents}, not an 8-bit picture; name the bands in the archive's entry, as in "
        f"bands: [{bands}] and rgb: {{bands: [{rgb}], percentiles: [2, 98]}}, or convert it to "
        "8-bit RGB",
    )


def environment() -> AbstractContextManager[object]:
    """Return the context in which GDAL reads; entering it once for several files saves time."""
    import rasterio
    from rasterio.env import hasenv

    return nullcontext() if hasenv() else rasterio.Env(**_OPTIONS)


@contextmanager
def opened(source: Source) -> Iterator[Any]:
    """Open a raster as rasterio's dataset, without its place on Earth.

    Raises
    ------
    InputError
        If it is no raster, cannot be read, or has too many pixels (checked in its header).
    """
    if not isinstance(source, bytes) and not source.is_file():
        raise _error(source, "not a regular file; put an image there or remove its row")
    driver = raster_driver(source)
    if driver is None:
        raise _error(source, "not an image that GDAL reads; convert it to GeoTIFF")
    from rasterio.errors import RasterioError
    from rasterio.io import DatasetReader, MemoryFile

    options = _WITHOUT_PLACE.get(driver, {})
    try:
        with environment():
            if isinstance(source, Path):
                with DatasetReader(source, driver=driver, sharing=False, **options) as dataset:
                    yield _checked(source, dataset)
            else:
                content = source if isinstance(source, bytes) else source.read_bytes()
                with MemoryFile(content) as file, file.open(driver=driver, **options) as dataset:
                    yield _checked(source, dataset)
    except RasterioError as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise _error(
            source,
            f"cannot be decoded as {_NAMES.get(driver, driver)} ({reason}); replace the file",
        ) from error


def _checked(source: Source, dataset: Any) -> Any:
    if dataset.width * dataset.height > MAX_PIXELS:
        raise _error(
            source,
            f"{dataset.width}×{dataset.height} pixels, more than the limit of {MAX_PIXELS:,}; "
            "cut it into tiles",
        )
    return dataset


def _check_values(source: Source, dataset: Any, bands: int) -> None:
    if dataset.width * dataset.height * bands > MAX_VALUES:
        raise _error(
            source,
            f"{dataset.width}×{dataset.height} pixels of {bands} bands, more than the limit of "
            f"{MAX_VALUES:,} values; cut it into tiles",
        )
    if any(name.startswith("complex") for name in dataset.dtypes):
        raise _error(source, f"{_in_words(dataset)}; convert it to real numbers")


def _is_alpha(dataset: Any) -> bool:
    return bool(dataset.colorinterp[-1].name == "alpha")


def _few_bits(dataset: Any) -> str | None:
    bits: str | None = dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS")
    return bits


def _in_words(dataset: Any) -> str:
    kinds = ", ".join(dict.fromkeys(dataset.dtypes))
    bits = _few_bits(dataset)
    kind = f"{bits} bits" if bits else kinds
    return f"{dataset.count} band{'s' if dataset.count > 1 else ''} of {kind}"


def _error(source: Source, flaw: str) -> InputError:
    return InputError(f"{'image' if isinstance(source, bytes) else source}: {flaw}")
