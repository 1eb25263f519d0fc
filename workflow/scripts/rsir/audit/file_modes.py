"""How the files of pictures store their pixels: greyscale, colour, palette, alpha, bits."""

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from rsir.archives.containers.member import Location
from rsir.archives.image_parts import image_files
from rsir.core.processes import in_threads

UNKNOWN = "unknown"

WORDS = {
    "1": "1 bit",
    "L": "grey",
    "LA": "grey with alpha",
    "P": "palette",
    "RGB": "colour",
    "RGBA": "colour with alpha",
    "CMYK": "CMYK",
    "YCbCr": "colour",
    "I;16": "16-bit grey",
}
"""Pillow's modes in words; other modes are named as Pillow does."""


def file_modes(root: Location, paths: Sequence[str], workers: int) -> list[str]:
    """Return how each picture stores its pixels, from its header; `unknown` if Pillow cannot tell.

    Parameters
    ----------
    root
        The folder that the paths are relative to.
    paths
        The column `path` of the archive's table.
    workers
        Number of threads.
    """

    def mode(path: str) -> str:
        try:
            (file,) = image_files(root, path)
            with Image.open(file if isinstance(file, Path) else file.open()) as image:
                return WORDS.get(image.mode, image.mode)
        except (OSError, ValueError):
            return UNKNOWN

    return [sys.intern(name) for name in in_threads(mode, paths, workers)]
