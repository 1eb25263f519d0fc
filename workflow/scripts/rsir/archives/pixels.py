"""The pixels of an archive: what its bands are, and the images read one by one.

Everything that looks at images takes a sequence of arrays. `ArchiveImages` is one that reads an
image whenever it is asked for; a list of arrays is another.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.archives.pictures import read_picture
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
        The names of the bands, in the order of the files.
    rgb
        The bands that are rendered as red, green and blue.
    range
        For each of them, the values rendered as 0 and as 255, in the sensor's units.
    """

    sensor: str
    bands: tuple[str, ...]
    rgb: tuple[str, ...]
    range: tuple[tuple[float, float], ...]


PICTURES = PixelFormat("rgb", ("R", "G", "B"), ("R", "G", "B"), ((0, 255),) * 3)
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
            rgb=tuple(map(str, stored["rgb"])),
            range=tuple((float(low), float(high)) for low, high in stored["range"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is damaged or missing; recreate it") from error


def read_pixels(path: Path, pixel_format: PixelFormat) -> NDArray[Any]:
    """Read an image: its rendering, uint8 H×W×3.

    Raises
    ------
    InputError
        If the image cannot be used (see `rsir.archives.pictures.read_picture`).
    """
    if pixel_format.sensor != PICTURES.sensor:
        raise InputError(f"{path}: images of {pixel_format.sensor} cannot be read; use pictures")
    return np.asarray(read_picture(path))


class ArchiveImages(Sequence[NDArray[Any]]):
    """The images of an archive, each of which is read when it is asked for.

    An item is as returned by `read_pixels`; a slice is an `ArchiveImages`.

    Parameters
    ----------
    root
        The folder that the paths are relative to.
    paths
        The column `path` of the archive's table.
    pixel_format
        The bands of the images.
    """

    def __init__(self, root: Path, paths: Sequence[str], pixel_format: PixelFormat) -> None:
        self._root = root
        self._paths = list(paths)
        self._format = pixel_format

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return ArchiveImages(self._root, self._paths[row], self._format)
        return read_pixels(self._root / self._paths[row], self._format)
