"""Thumbnails of the images of an archive as JPEG, and the file that stores them."""

import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from zlib import crc32

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsir.core.errors import InputError
from rsir.core.hdf5 import IMAGE, UNREADABLE, has_names, new_arrays, open_arrays, write_names
from rsir.core.origin import digests
from rsir.core.processes import in_processes

LONGER_SIDE = 128
"""The longer side of a thumbnail, in pixels; smaller images keep their size."""

MOST_BYTES = 5000

QUALITIES = range(30, 93)
"""JPEG qualities: the best one of at most `MOST_BYTES` is used, or else the first."""


def make_thumbnails(images: Sequence[NDArray[np.uint8]], workers: int) -> Iterator[bytes]:
    """Yield a JPEG of each image, uint8 H×W×3, in the order of the images.

    Uses several processes.

    Raises
    ------
    InputError
        If an image cannot be used (see `rsir.archives.pixels.read_pixels`).
    """
    return in_processes(
        lambda row: thumbnail(images[row]), range(len(images)), workers, "thumbnails", "image"
    )


def thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    """Shrink an image, uint8 H×W×3, to a JPEG of the best quality that is small enough."""
    small = Image.fromarray(pixels)
    small.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
    too_large = bisect_right(QUALITIES, MOST_BYTES, key=lambda quality: len(_jpeg(small, quality)))
    return _jpeg(small, QUALITIES[max(0, too_large - 1)])


def write_thumbnails(
    path: Path, archive: Path, images: Sequence[str] | np.ndarray, jpegs: Iterable[bytes]
) -> None:
    """Write the thumbnails (N,) of the images (N,) of an archive table.

    The file has `image`, `jpeg` and `crc32`, a checksum of each JPEG, since HDF5 has no checksums
    for rows of variable length.
    """
    with new_arrays(path, digests({"archive": archive})) as file:
        write_names(file, IMAGE, images)
        rows = file.create_dataset("jpeg", len(images), dtype=h5py.vlen_dtype(np.uint8))
        checksums = np.zeros(len(images), np.uint32)
        for number, jpeg in enumerate(jpegs):
            rows[number] = np.frombuffer(jpeg, np.uint8)
            checksums[number] = crc32(jpeg)
        file.create_dataset("crc32", data=checksums, fletcher32=True)


def read_thumbnails(path: Path, images: np.ndarray, rows: np.ndarray) -> Iterator[bytes]:
    """Read the JPEGs of rows (R,) of an archive one by one; the file must be of its images (N,).

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    refused = InputError(f"{path}: is damaged or of another archive; delete it and run again")
    try:
        with open_arrays(path) as file:
            if not has_names(file, IMAGE, images):
                raise refused
            stored, checksums = file["jpeg"], file["crc32"][:]
            for row in rows:
                jpeg = stored[row].tobytes()
                if crc32(jpeg) != checksums[row]:
                    raise refused
                yield jpeg
    except (*UNREADABLE, IndexError) as error:
        raise refused from error


def _jpeg(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()
