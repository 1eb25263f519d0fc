"""Reading of images on one core: 8-bit pictures, and folders of 12 bands as in BigEarthNet."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import rasterio
from measure import Row
from PIL import Image

from rsir.archives.pixel_settings import resolve_pixel_format
from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.archives.synthetic import write_sample

SIZES = {"B01": 20, "B02": 120, "B03": 120, "B04": 120, "B05": 60, "B06": 60, "B07": 60}
SIZES |= {"B08": 120, "B8A": 60, "B09": 20, "B11": 60, "B12": 60}
PATCHES = 32
SECONDS = 3.0


def measure() -> Iterator[Row]:
    """Measure images per second of processor time."""
    with TemporaryDirectory() as name:
        root = Path(name)
        write_sample(root, 2, seed=0)
        paths = sorted(str(path.relative_to(root)) for path in root.glob("Images/*/*.png"))
        images = ArchiveImages(root, paths, PICTURES)
        ways = {
            "Pillow": lambda row: np.asarray(Image.open(root / paths[row]).convert("RGB")),
            "here": images.__getitem__,
        }
        yield from _rows("8-bit pictures, 256×256, PNG", ways, len(paths))
        patches = [_write_patch(root / "patches" / str(number)) for number in range(PATCHES)]
        settings = {"bands": list(SIZES), "sensor": "sentinel2", "rgb": {"range": [0, 2000]}}
        archive_format = resolve_pixel_format(settings, root / "patches", patches)
        archive = ArchiveImages(root / "patches", patches, archive_format)
        ways = {"here": archive.select(list(SIZES)).__getitem__}
        yield from _rows("12 bands, 120×120", ways, PATCHES)
        yield from _rows("12 bands, rendered", {"here": archive.__getitem__}, PATCHES)


def _rows(case: str, ways: dict[str, Callable[[int], object]], count: int) -> Iterator[Row]:
    for way, read in ways.items():
        read(0)
        start, number = time.process_time(), 0
        while (elapsed := time.process_time() - start) < SECONDS:
            read(number % count)
            number += 1
        yield Row("pixels", case, way, elapsed, number / elapsed, "images/s")


def _write_patch(folder: Path) -> str:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for band, size in SIZES.items():
        profile = {"driver": "GTiff", "width": size, "height": size, "count": 1, "dtype": "uint16"}
        place = rasterio.Affine(1200 / size, 0, 500_000, 0, -1200 / size, 5_000_000)
        path = folder / f"patch_{band}.tif"
        with rasterio.open(path, "w", crs="EPSG:32632", transform=place, **profile) as file:
            file.write(rng.integers(1, 4000, (1, size, size)).astype(np.uint16))
    return folder.name
