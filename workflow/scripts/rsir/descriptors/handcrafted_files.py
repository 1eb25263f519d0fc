"""The HDF5 files of handcrafted descriptors, which may count visual words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.core.hdf5 import array_file, open_arrays, read_attributes, readable
from rsir.core.origin import ORIGIN, check_origin, digests, origin_attributes
from rsir.descriptors.handcrafted import describe
from rsir.descriptors.shards import shard_slice

WORDS = "words"


def read_words(path: Path, facts: Mapping[str, Any]) -> np.ndarray:
    """Return visual words, float32 256×128.

    `facts` is the origin of the descriptors that count them.

    Raises
    ------
    InputError
        If the file cannot be read or is not the one that the descriptors count the words of.
    """
    attributes = read_attributes(path) | digests({WORDS: path})
    check_origin(path, attributes, facts, (*ORIGIN, f"{WORDS}_sha256"))
    with readable(path), open_arrays(path) as file:
        words: np.ndarray = file[WORDS][:]
        return words


def write_histograms(
    archive: Path,
    pixels: Path,
    words: Path | None,
    root: Path,
    name: str,
    settings: Mapping[str, Any],
    workers: int,
    descriptors: Path,
    shard: str | None = None,
) -> None:
    """Write the handcrafted descriptors of the images of an archive, or of a shard of it.

    Parameters
    ----------
    archive, pixels : Path
        The table of the archive and the format of its images.
    words : Path, optional
        The visual words of a backbone that counts such.
    root : Path
        The folder that the image paths are relative to.
    name, settings
        The backbone and its entry in the configuration.
    workers : int
        Number of threads.
    descriptors : Path
        The file to write: `image`, and `histogram`, float32 N×D.
    shard : str, optional
        Name of a shard, such as ``2-of-3``.

    Raises
    ------
    InputError
        If a file cannot be used.
    """
    table = read_archive(archive)
    if shard:
        table = table.iloc[shard_slice(len(table), shard)]
    files = {"archive": archive, "pixels": pixels, **({WORDS: words} if words else {})}
    facts = origin_attributes(
        files, settings, backbone=name, labeling="off_the_shelf", weights="none"
    )
    images = ArchiveImages(root, list(table["path"]), read_pixel_format(pixels))
    centres = read_words(words, facts) if words else None
    histograms = describe(settings["network"], images, centres, workers)
    with array_file(descriptors, list(table["image"]), facts) as file:
        if len(histograms):
            file.append("histogram", histograms)
