"""Split files: the subset of each image of an archive."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.image_names import check_ids, rows_by_image
from rsir.archives.label_columns import image_columns
from rsir.archives.text_tables import read_text_table
from rsir.core.errors import InputError

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
    subset = rows["subset"].to_numpy(str)[rows_by_image(names, paths, path)]
    for image, name in zip(archive["image"], subset.tolist(), strict=True):
        if name not in SUBSETS:
            raise InputError(
                f"{path}: the subset of {image!r} is {name!r}; choose one of {', '.join(SUBSETS)}"
            )
    for name in ("train", "test"):
        if name not in subset:
            raise InputError(f"{path}: no image is in the subset {name!r}; assign at least one")
    return subset
