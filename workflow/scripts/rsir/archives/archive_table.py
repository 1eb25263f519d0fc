"""The table of an archive, `archive.csv`: one row per image, with its scene and its labels."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.csv_rows import check_scenes, row_blocks, with_flags
from rsir.archives.image_names import check_ids, check_names, leads_out
from rsir.core.errors import InputError, first_few
from rsir.core.files import written_whole

FIXED_COLUMNS = ("image", "path", "scene", "width", "height", "sha256")
"""The columns of an archive before its labels."""


def write_archive(archive: pd.DataFrame, path: Path) -> None:
    """Write an archive's table as CSV."""
    with written_whole(path) as partial:
        archive.to_csv(partial, index=False, lineterminator="\n")


def read_archive(path: Path) -> pd.DataFrame:
    """Read what `write_archive` wrote.

    Raises
    ------
    InputError
        If the file is not an archive's table.
    """
    blocks = (_checked(block, path) for block in row_blocks(path))
    archive = pd.concat(blocks, ignore_index=True)
    check_ids(archive["image"], path)
    check_scenes(archive, path)
    return archive


def _checked(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return rows of an archive's table with numbers of pixels and labels of 0 and 1."""
    if tuple(rows.columns[: len(FIXED_COLUMNS)]) != FIXED_COLUMNS or not label_names(rows):
        raise InputError(
            f"{path}: does not begin with the columns {', '.join(FIXED_COLUMNS)}, followed by "
            "labels; recreate it"
        )
    check_names([*rows.columns, *rows["image"], *rows["path"], *rows["scene"]], path)
    if outside := [file for file in rows["path"] if leads_out(file)]:
        raise InputError(
            f"{path}: {first_few(outside)} leads outside the image folder; recreate it"
        )
    for name in ("width", "height"):
        if not rows[name].str.fullmatch("[1-9][0-9]{0,8}").all():
            raise InputError(f"{path}: column {name!r} is not a number of pixels; recreate it")
    rows = rows.astype({"width": int, "height": int})
    return with_flags(rows, label_names(rows), path)


def label_names(archive: pd.DataFrame) -> list[str]:
    """Return the names of the labels, in the order of their columns."""
    return list(archive.columns[len(FIXED_COLUMNS) :])


def label_matrix(archive: pd.DataFrame) -> NDArray[np.bool_]:
    """Return the label matrix, bool, images × labels."""
    return archive[label_names(archive)].to_numpy(dtype=bool)


def has_one_label_each(archive: pd.DataFrame) -> bool:
    """Return whether each image has exactly one label, as where the labels are scenes."""
    return bool((label_matrix(archive).sum(axis=1) == 1).all())


def has_scenes(archive: pd.DataFrame) -> bool:
    """Return whether the images have scene classes."""
    return bool((archive["scene"] != "").all())
