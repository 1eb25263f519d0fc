"""Split files: the subset of each image of an archive."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.csv_rows import read_rows
from rsir.archives.image_names import check_ids
from rsir.core.errors import InputError, first_few

SUBSETS = ("train", "validation", "test")


def read_split(path: Path, archive: pd.DataFrame) -> NDArray[np.str_]:
    """Read the subset of each image, in the order of the archive.

    Raises
    ------
    InputError
        If the file does not assign each image of the archive to one subset, or leaves the training
        or the test subset empty.
    """
    rows = read_rows(path)
    for column in ("image", "subset"):
        if column not in rows:
            raise InputError(f"{path}: no column {column!r}; it needs the columns image, subset")
    check_ids(rows["image"], path)
    subsets = dict(zip(rows["image"], rows["subset"], strict=True))
    images = set(archive["image"])
    if unknown := [image for image in subsets if image not in images]:
        raise InputError(
            f"{path}: {len(unknown)} of {len(rows)} rows name images that the archive does not "
            f"have: {first_few(unknown)}; remove them"
        )
    if missing := [image for image in archive["image"] if image not in subsets]:
        raise InputError(
            f"{path}: {len(missing)} of the archive's {len(archive)} images without a row: "
            f"{first_few(missing)}; add them"
        )
    for image, name in subsets.items():
        if name not in SUBSETS:
            raise InputError(
                f"{path}: the subset of {image!r} is {name!r}; choose one of {', '.join(SUBSETS)}"
            )
    subset = np.array([subsets[image] for image in archive["image"]], dtype=str)
    for name in ("train", "test"):
        if name not in subset:
            raise InputError(f"{path}: no image is in the subset {name!r}; assign at least one")
    return subset
