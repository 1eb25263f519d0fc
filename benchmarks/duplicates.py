"""Recall of made duplicates, pairs that are none of them, and images per second of processor time.

The tiles are those of UC Merced in data/ucmerced if they are there, else synthetic ones.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from measure import Row
from numpy.typing import NDArray

from rsir.archives.pictures import read_picture
from rsir.archives.synthetic import write_sample
from rsir.audit.duplicates import find_duplicates

Pixels = NDArray[np.uint8]

ROOT = Path("data/ucmerced/Images")
STEP = 10
"""Every tenth tile is copied; the others are what copies may be confused with."""


def jpeg(tile: Pixels) -> Pixels:
    """Compress a tile with JPEG quality 50."""
    quality = (cv2.IMWRITE_JPEG_QUALITY, 50)
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", tile, quality)[1], cv2.IMREAD_COLOR))


def smaller(tile: Pixels) -> Pixels:
    """Resize a tile to 80 %."""
    return np.asarray(cv2.resize(tile, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA))


def whole(tile: Pixels) -> Pixels:
    """Return a tile as it is."""
    return tile


CHANGES: dict[str, tuple[Callable[[Pixels], Pixels], Callable[[Pixels], Pixels]]] = {
    "rotated": (whole, lambda tile: np.rot90(tile).copy()),
    "mirrored": (whole, lambda tile: tile[:, ::-1].copy()),
    "shifted by 40 pixels": (lambda tile: tile[:, :-40].copy(), lambda tile: tile[:, 40:].copy()),
    "JPEG quality 50": (whole, jpeg),
    "brightened by 5 %": (whole, lambda tile: np.clip(tile * 1.05, 0, 255).astype(np.uint8)),
    "resized to 80 %": (whole, smaller),
    "half-overlapping crops of 160": (
        lambda tile: tile[:160, :160].copy(),
        lambda tile: tile[:160, 80:240].copy(),
    ),
}


def measure() -> Iterator[Row]:
    """Measure each change alone, among all tiles."""
    with TemporaryDirectory() as name:
        if not ROOT.is_dir():
            write_sample(Path(name), 20, seed=0)
        folder = ROOT if ROOT.is_dir() else Path(name) / "Images"
        tiles = [read_picture(path) for path in sorted(folder.glob("*/*"))]
    for change, (first, second) in CHANGES.items():
        chosen = range(0, len(tiles), STEP)
        images = [first(tile) if row in chosen else tile for row, tile in enumerate(tiles)]
        images += [second(tiles[row]) for row in chosen]
        made = {(row, len(tiles) + number) for number, row in enumerate(chosen)}
        start = time.process_time()
        table = find_duplicates(images, [str(row) for row in range(len(images))], 2)
        seconds = time.process_time() - start
        found = set(zip(table["first"], table["second"], strict=True))
        recall = len(found & made) / len(made)
        yield Row(
            part="duplicates",
            case=change,
            way="here",
            seconds=seconds,
            rate=len(images) / seconds,
            unit="images/s",
            agreement=f"recall {recall:.3f} of {len(made)}; {len(found - made)} other pairs",
        )
