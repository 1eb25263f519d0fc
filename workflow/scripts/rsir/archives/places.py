"""Where on Earth images are, by the georeference of their rasters.

rasterio is imported when the first raster is read.
"""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

import numpy as np
import pandas as pd

from rsir.archives.containers.member import Location
from rsir.archives.image_names import SEPARATOR
from rsir.core.processes import in_threads

SUFFIXES = (".tif", ".tiff", ".jp2")
"""Suffixes of files that can be georeferenced."""

_DRIVERS = {".jp2": "JP2OpenJPEG"}  # else GTiff; others may open further files
_OPTIONS = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}

COLUMNS = ("longitude", "latitude", "crs", "bounds")

Reference = tuple[str, tuple[float, float], tuple[float, float, float, float]]
"""A coordinate reference system, and a centre and bounds in it."""


def add_places(
    attributes: pd.DataFrame, root: Location, paths: Sequence[str], workers: int
) -> pd.DataFrame:
    """Add where the images are, if their rasters are georeferenced and no table says it.

    Parameters
    ----------
    attributes
        The attributes of the images.
    root
        The folder that the paths are relative to.
    paths
        The path of each image: a file, a folder of bands, or several joined by `SEPARATOR`.
    workers
        Number of threads.

    Returns
    -------
    DataFrame
        The attributes with `longitude` and `latitude` of the centre (degrees, WGS 84), `crs` (an
        EPSG code or WKT) and `bounds` (left, bottom, right, top in this system, separated by
        spaces), empty for images without a georeference; as they were if no image has one.
    """
    if set(COLUMNS) & set(attributes) or not any(map(_may_have_place, paths)):
        return attributes
    from rasterio.crs import CRS
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.warp import transform

    by_system: dict[str, list[int]] = {}
    centres, bounds = np.empty((len(paths), 2)), np.empty((len(paths), 4))
    with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning):
        references = in_threads(lambda path: _reference(root, path), paths, workers)
        for row, reference in enumerate(references):
            if reference:
                system, centres[row], bounds[row] = reference
                by_system.setdefault(system, []).append(row)
    if not by_system:
        return attributes
    columns = {name: np.full(len(paths), "", object) for name in COLUMNS}
    for system, rows in by_system.items():
        x, y = centres[rows].T.tolist()
        longitude, latitude = transform(CRS.from_string(system), CRS.from_epsg(4326), x, y)[:2]
        for row, east, north in zip(rows, longitude, latitude, strict=True):
            if abs(east) <= 180 and abs(north) <= 90:
                box = " ".join(map(_number, bounds[row].tolist()))
                values = (f"{east:.6f}", f"{north:.6f}", system, box)
                for name, value in zip(COLUMNS, values, strict=True):
                    columns[name][row] = value
    return attributes.assign(**columns)


def _may_have_place(path: str) -> bool:
    """Return whether a path has the suffix of a raster, or none as a folder."""
    return PurePath(path.split(SEPARATOR)[0]).suffix.lower() in ("", *SUFFIXES)


def _reference(root: Location, path: str) -> Reference | None:
    """Return the georeference of the first raster of an image, if it has one."""
    import rasterio
    from rasterio.transform import array_bounds

    for file in _rasters(root / path.split(SEPARATOR)[0]):
        driver = _DRIVERS.get(file.suffix.lower(), "GTiff")
        try:
            with (
                rasterio.Env(**_OPTIONS),
                rasterio.open(
                    file if isinstance(file, Path) else file.open(), driver=driver
                ) as raster,
            ):
                if raster.crs is None or raster.transform.is_identity:
                    return None
                code = raster.crs.to_epsg()
                system = f"EPSG:{code}" if code else raster.crs.to_wkt()
                place, height, width = raster.transform, raster.height, raster.width
        except rasterio.errors.RasterioError:
            return None
        centre = (
            place.c + place.a * width / 2 + place.b * height / 2,
            place.f + place.d * width / 2 + place.e * height / 2,
        )
        return system, centre, array_bounds(height, width, place)
    return None


def _rasters(path: Location) -> Iterator[Location]:
    files: list[Location] = sorted(path.iterdir()) if path.is_dir() else [path]
    return (file for file in files if file.suffix.lower() in SUFFIXES and file.name[0] != ".")


def _number(value: float) -> str:
    return f"{value:.10g}"
