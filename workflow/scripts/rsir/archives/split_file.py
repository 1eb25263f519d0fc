"""Split files: the subset of each image of an archive."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.image_names import check_ids, find_by_name
from rsir.archives.label_columns import image_columns
from rsir.archives.text_tables import read_text_table
from rsir.core.errors import InputError, first_few

SUBSETS = ("train", "validation", "test")


def read_split(path: Path, archive: pd.DataFrame) -> NDArray[np.str_]:
    """Read the subset of each image, in the order of the archive.

    Images are named as in a label table (see `rsir.archives.image_names.find_by_name`).

    Raises
    ------
    InputError
        If the file does not assign each image of the archive to one subset, or leaves the training
        or the test subset empty.
    """
    rows = read_text_table(path, lambda header: bool(image_columns(header)))
    (column, *_) = image_columns(list(rows.columns))
    if "subset" not in rows:
        raise InputError(f"{path}: no column 'subset'; it needs the columns image, subset")
    names = rows[column].tolist()
    check_ids(names, path)
    paths = dict(zip(archive["image"], archive["path"], strict=True))
    images = find_by_name(names, paths, path)
    if unknown := [name for name, image in zip(names, images, strict=True) if image is None]:
        raise InputError(
            f"{path}: {len(unknown)} of {len(rows)} rows name images that the archive does not "
            f"have: {first_few(unknown)}; remove them"
        )
    known = [image for image in images if image is not None]
    check_ids(known, path)
    subsets = dict(zip(known, rows["subset"], strict=True))
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
