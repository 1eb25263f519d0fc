"""The files of an image: those that its path names, and the rasters of single bands in a folder."""

from collections.abc import Sequence

from rsir.archives.containers.member import Location
from rsir.archives.image_names import SEPARATOR
from rsir.archives.sensors import canonical

RASTER_SUFFIXES = (".tif", ".tiff", ".jp2", ".TIF", ".TIFF", ".JP2")
"""Ends of the names of rasters, which may hold one band of several."""


def image_files(root: Location, path: str) -> list[Location]:
    """Return the files or folders of an image, from its path in the archive's table."""
    return [root / part for part in path.split(SEPARATOR)]


def band_files(folder: Location, bands: Sequence[str], sensor: str) -> dict[str, Location]:
    """Return the single-band raster of each band in a folder, by the ends of their names."""
    stems = {path.stem: path for path in folder.iterdir() if path.suffix in RASTER_SUFFIXES}
    ends = {canonical(stem.rsplit("_", 1)[-1], sensor): path for stem, path in stems.items()}
    found = {}
    for band in bands:
        path = ends.get(canonical(band, sensor))
        if path is None:  # perhaps a name with underscores
            path = next((p for stem, p in stems.items() if stem.endswith(f"_{band}")), None)
        if path is not None:
            found[band] = path
    return found
