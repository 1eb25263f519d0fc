"""The subset that each image of an archive is in, as a split says."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.csv_rows import read_rows
from rsir.archives.image_names import check_ids
from rsir.core.errors import InputError, first_few

SUBSETS = ("train", "validation", "test")


def read_split(path: Path, archive: pd.DataFrame) -> NDArray[np.str_]:
    """Read the subset of each image, in the archive's order.

    Raises
    ------
    InputError
        If the file does not give each image of the archive one subset, or nothing to train or to
        test.
    """
    rows = read_rows(path)
    for column in ("image", "subset"):
        if column not in rows:
            raise InputError(f"{path}: no column {column!r}; it needs the columns image, subset")
    check_ids(rows["image"], path)
    subsets = dict(zip(rows["image"], rows["subset"], strict=True))
    images = set(archive["image"])
    if odd := [image for image in subsets if image not in images]:
        raise InputError(
            f"{path}: {len(odd)} of {len(rows)} rows name images that the archive does not have: "
            f"{first_few(odd)}; take them out"
        )
    if odd := [image for image in archive["image"] if image not in subsets]:
        raise InputError(
            f"{path}: {len(odd)} of the archive's {len(archive)} images without a row: "
            f"{first_few(odd)}; add them"
        )
    for image, name in subsets.items():
        if name not in SUBSETS:
            raise InputError(
                f"{path}: the subset of {image!r} is {name!r}; choose of {', '.join(SUBSETS)}"
            )
    subset = np.array([subsets[image] for image in archive["image"]], dtype=str)
    for name in ("train", "test"):
        if name not in subset:
            raise InputError(f"{path}: no image is in the subset {name!r}; choose some")
    return subset
