"""Time and memory of the stages that read all images, of archives of JPEG tiles in one zip.

`SCALE_IMAGES` in the environment is the number of the largest, 10,000 by default. The tiles are of
64×64 pixels, in 10 scenes. Memory is that of the stage's own process, without those that it starts.
"""

import io
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measure import Row, run_in_process, timed
from PIL import Image

import archive
import thumbnails

LARGEST = int(os.environ.get("SCALE_IMAGES", "10000"))
SIZES = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= LARGEST]
SCENES, SIDE = 10, 64
THREADS = os.cpu_count() or 1


def measure() -> Iterator[Row]:
    """Measure the stages of archives of growing size."""
    for images in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_tiles(folder / "tiles.zip", images)
            for stage in (describe, shrink):
                measured = run_in_process(stage, folder)
                yield Row(
                    "one_file",
                    f"{stage.__name__}, {images:,} images",
                    "measured",
                    measured.seconds,
                    images / measured.seconds,
                    "images/s",
                    peak_mib=measured.peak_mib,
                )


def write_tiles(path: Path, images: int) -> None:
    """Write JPEG tiles of smooth random colours, a folder for each scene, into a zip."""
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as whole:
        for number in range(images):
            small = rng.integers(0, 256, (8, 8, 3), np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(small).resize((SIDE, SIDE)).save(buffer, "JPEG", quality=90)
            scene = f"scene{number % SCENES}"
            whole.writestr(f"{scene}/{number:08}.jpg", buffer.getvalue())


def describe(folder: Path) -> tuple[None, float]:
    """Time the stage `archive`."""
    outputs = [folder / name for name in ("archive.csv", "attributes.csv", "pixels.json")]
    settings = {"kind": "folders"}
    return timed(lambda: archive.main(folder / "tiles.zip", settings, THREADS, *outputs))


def shrink(folder: Path) -> tuple[None, float]:
    """Time the stage `thumbnails`."""
    inputs = folder / "archive.csv", folder / "pixels.json", folder / "tiles.zip"
    return timed(lambda: thumbnails.main(*inputs, THREADS, folder / "thumbnails.h5"))
