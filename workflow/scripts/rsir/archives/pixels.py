"""The pixels of an archive: what its bands are, and the images read one by one.

Everything that looks at images takes a sequence of arrays. `ArchiveImages` is one that reads an
image at each access; a list of arrays is another.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from rsir.archives.containers.member import Location
from rsir.archives.containers.opened import located
from rsir.archives.image_names import SEPARATOR
from rsir.archives.image_parts import band_files, image_files
from rsir.archives.pictures import read_picture
from rsir.archives.planes import Plane, stacked
from rsir.archives.rasters import Source, count_bands, environment, read_planes
from rsir.archives.sensors import JOINED_SENSORS, canonical, find_bands
from rsir.core.errors import InputError
from rsir.core.files import written_whole


@dataclass(frozen=True)
class PixelFormat:
    """The bands of the images of an archive, and their rendering as 8-bit RGB.

    Attributes
    ----------
    sensor
        The sensor; `rgb` for pictures.
    bands
        The names of the bands.
    numbers
        The place of each band in the file of an image, from 1; without use if each band has a file.
    count
        The number of bands of an image's files; 0 if each band has a file of its own, whose name
        ends with the band's.
    rgb
        The three bands that are rendered as red, green and blue.
    range
        For each of them, the values rendered as 0 and as 255, in the sensor's units.
    nodata
        The rule for missing values, see `rsir.archives.planes`; None for 8-bit pictures.
    mean
        The mean of each band over a sample, for images that lack a whole band.
    """

    sensor: str
    bands: tuple[str, ...]
    numbers: tuple[int, ...]
    count: int
    rgb: tuple[str, ...]
    range: tuple[tuple[float, float], ...]
    nodata: str | float | None
    mean: tuple[float, ...]

    @property
    def of_pictures(self) -> bool:
        """Whether the images are 8-bit pictures."""
        return self.nodata is None


PICTURES = PixelFormat(
    sensor="rgb",
    bands=("R", "G", "B"),
    numbers=(1, 2, 3),
    count=3,
    rgb=("R", "G", "B"),
    range=((0.0, 255.0),) * 3,
    nodata=None,
    mean=(),
)
"""The format of 8-bit pictures."""


def write_pixel_format(path: Path, pixel_format: PixelFormat) -> None:
    """Write the pixel format of an archive as JSON."""
    with written_whole(path) as partial:
        partial.write_text(json.dumps(asdict(pixel_format), indent=1) + "\n", encoding="utf-8")


def read_pixel_format(path: Path) -> PixelFormat:
    """Read what `write_pixel_format` wrote.

    Raises
    ------
    InputError
        If the file does not exist or is not a pixel format.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return PixelFormat(
            sensor=str(stored["sensor"]),
            bands=tuple(map(str, stored["bands"])),
            numbers=tuple(map(int, stored["numbers"])),
            count=int(stored["count"]),
            rgb=tuple(map(str, stored["rgb"])),
            range=tuple((float(low), float(high)) for low, high in stored["range"]),
            nodata=stored["nodata"],
            mean=tuple(map(float, stored["mean"])),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is damaged or missing; recreate it") from error


class ArchiveImages(Sequence[NDArray[Any]]):
    """The images of an archive, each of which is read when it is accessed.

    An item is the rendering, uint8 H×W×3, or, after `select`, the bands in the sensor's units,
    float32 H×W×C. A slice is an `ArchiveImages`.

    Parameters
    ----------
    root
        The folder that the paths are relative to; it may be in a container.
    paths
        The column `path` of the archive's table.
    pixel_format
        The bands of the images.
    channels
        As `select` sets them: the place of each band among the archive's (int), or the value of one
        that is missing (float); None for the rendering.
    """

    def __init__(
        self,
        root: Location,
        paths: Sequence[str],
        pixel_format: PixelFormat,
        channels: Sequence[int | float] | None = None,
    ) -> None:
        self._root = located(root)
        self._paths = list(paths)
        self._format = pixel_format
        self._channels = channels

    def select(
        self,
        bands: Sequence[str] | None,
        sensor: str | None = None,
        missing: Mapping[str, float] | None = None,
    ) -> "ArchiveImages":
        """Return the same images with items of bands instead of the rendering.

        Parameters
        ----------
        bands
            Names of bands, in the order of the channels; None for the rendering.
        sensor
            The sensor that the names belong to; None for that of the archive.
        missing
            Values of bands that the archive may lack.

        Raises
        ------
        InputError
            If the archive lacks a band.
        """
        if bands is None:
            return ArchiveImages(self._root, self._paths, self._format)
        own, missing = self._format.sensor, missing or {}
        if sensor is not None and sensor != own and sensor not in own.split(JOINED_SENSORS):
            raise InputError(
                f"the network takes bands of {sensor}, but the images are of {own}; use another "
                "network, or correct the archive's sensor"
            )
        values = {canonical(band, own): float(value) for band, value in missing.items()}
        places = find_bands(bands, self._format.bands, own, list(missing))
        channels = [
            values[canonical(band, own)] if place is None else place
            for band, place in zip(bands, places, strict=True)
        ]
        return ArchiveImages(self._root, self._paths, self._format, channels)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return ArchiveImages(self._root, self._paths[row], self._format, self._channels)
        files = image_files(self._root, self._paths[row])
        if self._channels is None:
            return read_rendering(files, self._format)
        present = {
            channel: self._format.bands[place]
            for channel, place in enumerate(self._channels)
            if isinstance(place, int)
        }
        pixels = read_bands(files, self._format, list(present.values()))
        if len(present) == len(self._channels):
            return pixels
        filled = np.empty((*pixels.shape[:2], len(self._channels)), np.float32)
        filled[:] = self._channels
        filled[..., list(present)] = pixels
        return filled


def read_rendering(files: Sequence[Source], pixel_format: PixelFormat) -> NDArray[np.uint8]:
    """Read an image as 8-bit RGB, uint8 H×W×3.

    Raises
    ------
    InputError
        If the image cannot be used.
    """
    if pixel_format.of_pictures:
        return read_picture(files[0])
    pixels = read_bands(files, pixel_format, pixel_format.rgb)
    low, high = np.array(pixel_format.range, np.float32).T
    scaled = (pixels - low) * (255 / (high - low))
    return np.asarray(np.clip(scaled + 0.5, 0, 255).astype(np.uint8))


def read_bands(
    files: Sequence[Source], pixel_format: PixelFormat, bands: Sequence[str]
) -> NDArray[np.float32]:
    """Read bands of an image in the sensor's units, float32 H×W×C.

    Missing values are replaced by the mean of the image's band or, if all are missing, of the
    archive's band. Bands of different resolutions are brought to the finest one of them by bilinear
    interpolation.

    Raises
    ------
    InputError
        If the image cannot be used.
    """
    if pixel_format.of_pictures:
        places = [pixel_format.bands.index(band) for band in bands]
        return read_picture(files[0])[..., places].astype(np.float32)
    names = list(dict.fromkeys(bands))
    values = stacked(find_planes(files, pixel_format, names))
    if pixel_format.mean:
        for channel, name in enumerate(names):
            if np.isnan(values[0, 0, channel]):
                values[..., channel] = pixel_format.mean[pixel_format.bands.index(name)]
    return values if names == list(bands) else values[..., [names.index(band) for band in bands]]


def find_planes(
    files: Sequence[Source], pixel_format: PixelFormat, bands: Sequence[str]
) -> list[Plane]:
    """Read bands of an image, each at its own resolution.

    Raises
    ------
    InputError
        If the image cannot be used, or lacks a band.
    """
    if (nodata := pixel_format.nodata) is None:
        raise ValueError("8-bit pictures have no planes")
    numbers = dict(zip(pixel_format.bands, pixel_format.numbers, strict=True))
    if pixel_format.count and len(files) == 1 and not _is_folder(files[0]):
        return read_planes(files[0], [numbers[band] for band in bands], pixel_format.count, nodata)
    sources: dict[str, tuple[Source, int, int]] = {}
    names = list(pixel_format.bands)
    for file in files:
        if _is_folder(file):
            found = band_files(file, names, pixel_format.sensor)
            sources.update({band: (path, 1, 1) for band, path in found.items()})
        else:
            count = count_bands(file)
            here = names[len(sources) : len(sources) + count]
            sources.update({band: (file, place, count) for place, band in enumerate(here, 1)})
    if lacking := [band for band in names if band not in sources]:
        shown = SEPARATOR.join(map(str, files))
        raise InputError(
            f"{shown}: no file of band {', '.join(lacking)}, such as …_{lacking[0]}.tif; "
            "correct the archive's bands or add the file"
        )
    planes = []
    with environment():
        for band in bands:
            file, number, count = sources[band]
            planes += read_planes(file, [number], count, nodata)
    return planes


def _is_folder(source: Source) -> TypeGuard[Location]:
    return not isinstance(source, bytes) and source.is_dir()
