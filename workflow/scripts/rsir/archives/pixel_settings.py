"""From the keys of an archive in the configuration to the format of its pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.archives.containers.member import Location
from rsir.archives.image_names import SEPARATOR
from rsir.archives.image_parts import image_files
from rsir.archives.pixels import PICTURES, PixelFormat, find_planes
from rsir.archives.planes import TAG
from rsir.archives.rasters import count_bands
from rsir.archives.sensors import find_bands, sensor_rgb
from rsir.core.errors import InputError

SAMPLE_IMAGES = 128
"""Number of images, evenly spaced, of which means and percentiles are taken."""

SAMPLE_VALUES = 4096
"""Maximum number of values, evenly spaced, of each band of such an image."""

PERCENTILES = (2.0, 98.0)


def resolve_pixel_format(
    settings: Mapping[str, Any], root: Location, paths: Sequence[str]
) -> PixelFormat:
    """Return the pixel format of an archive.

    Parameters
    ----------
    settings
        The keys `bands`, `sensor`, `rgb` and `nodata` of the archive; without `bands`, its images
        are 8-bit pictures.
    root
        The folder that the paths are relative to.
    paths
        The path of each image.

    Raises
    ------
    InputError
        If the settings do not agree with each other or with the files.
    """
    if "bands" not in settings:
        for key in ("rgb", "nodata"):
            if key in settings:
                raise InputError(
                    f"config: {key}: belongs to the key bands of the archive; name its bands, or "
                    f"remove {key} if its images are 8-bit pictures"
                )
        return PICTURES
    sensor = settings.get("sensor", "rgb")
    bands = tuple(map(str, settings["bands"]))
    numbered = all(isinstance(band, int) for band in settings["bands"])
    numbers = tuple(settings["bands"]) if numbered else tuple(range(1, len(bands) + 1))
    rgb = settings.get("rgb", {})
    unrendered = PixelFormat(
        sensor=sensor,
        bands=bands,
        numbers=numbers,
        count=_count(root, paths, len(bands) if not numbered else None),
        rgb=_rendered_bands(rgb.get("bands"), bands, sensor),
        range=(),
        nodata=settings.get("nodata", TAG),
        mean=(),
    )
    if numbered and max(numbers) > unrendered.count:
        raise InputError(
            f"config: bands: there is no band {max(numbers)}; {root / paths[0]} has "
            f"{unrendered.count or 'one file for each band, which are known by name'}"
        )
    sample = _sample(unrendered, root, paths)
    if "range" in rgb:
        limits = _stated(rgb["range"])
    else:
        rendered = [sample[bands.index(band)] for band in unrendered.rgb]
        limits = _percentiles(rendered, rgb.get("percentiles", PERCENTILES))
    means = tuple(float(values.mean()) if len(values) else 0.0 for values in sample)
    return replace(unrendered, range=limits, mean=means)


def _stated(limits: Sequence[Any]) -> tuple[tuple[float, float], ...]:
    """Return the range of each of three bands, of which one or three are stated."""
    pairs = limits if isinstance(limits[0], Sequence) else [limits] * 3
    if not all(low < high for low, high in pairs):
        raise InputError(
            f"config: rgb.range: {list(limits)} is empty; write the lower value of each band first"
        )
    return tuple((float(low), float(high)) for low, high in pairs)


def _count(root: Location, paths: Sequence[str], named: int | None) -> int:
    """Return the number of bands of an image's file; 0 if an image has several files."""
    if SEPARATOR in paths[0] or (root / paths[0]).is_dir():
        return 0
    if named is not None:
        return named
    for path in paths[:-1]:
        try:
            return count_bands(root / path)
        except InputError:
            continue  # reported with all others
    return count_bands(root / paths[-1])


def _rendered_bands(
    chosen: Sequence[str | int] | None, bands: Sequence[str], sensor: str
) -> tuple[str, ...]:
    names = tuple(map(str, chosen)) if chosen else sensor_rgb(sensor)
    if not chosen and len(bands) == 1:
        names = (bands[0],) * 3
    try:
        places = find_bands(names, bands, sensor)
    except InputError:
        places = []
    if not places:
        which = f"{', '.join(names)} is not among the bands" if names else "is needed"
        raise InputError(
            f"config: rgb.bands: {which}; name three of {', '.join(bands)} to be rendered as red, "
            "green and blue"
        )
    return tuple(bands[place] for place in places if place is not None)


def _sample(
    pixel_format: PixelFormat, root: Location, paths: Sequence[str]
) -> list[NDArray[np.float32]]:
    """Return values of each band, from evenly spaced images that can be read."""
    rows = np.unique(np.linspace(0, len(paths) - 1, SAMPLE_IMAGES).astype(int))
    values: list[list[NDArray[np.float32]]] = [[] for _ in pixel_format.bands]
    for row in rows:
        files = image_files(root, paths[row])
        try:
            planes = find_planes(files, pixel_format, pixel_format.bands)
        except InputError:
            continue  # reported with all others
        for band, plane in zip(values, planes, strict=True):
            band.append(plane.valid[:: max(1, len(plane.valid) // SAMPLE_VALUES)])
    return [np.concatenate([*band, np.empty(0, np.float32)]) for band in values]


def _percentiles(
    sample: Sequence[NDArray[np.float32]], percentiles: Sequence[float]
) -> tuple[tuple[float, float], ...]:
    if not percentiles[0] < percentiles[1]:
        raise InputError(
            f"config: rgb.percentiles: {list(percentiles)} is empty; write the lower one first"
        )
    limits = []
    for values in sample:
        low, high = map(float, np.percentile(values, percentiles) if len(values) else (0, 1))
        limits.append((low, high if low < high else low + 1))  # a constant band is black
    return tuple(limits)
