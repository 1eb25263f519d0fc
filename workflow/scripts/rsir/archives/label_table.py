"""A user's label table: a CSV file with one row per image and one 0/1 column per label."""

from pathlib import Path

import pandas as pd

from rsir.archives.archive_table import FIXED_COLUMNS
from rsir.archives.csv_rows import check_scenes, read_rows, with_flags
from rsir.archives.image_files import find_images
from rsir.archives.image_names import check_ids, check_names, image_id, leads_out
from rsir.core.errors import InputError, first_few


def read_table(root: Path, labels: Path) -> pd.DataFrame:
    """Read a folder of images and the table of their labels.

    Parameters
    ----------
    root
        The folder. Its subfolders are searched, too; hidden files and folders are skipped.
    labels
        A CSV file with a column `image` (file names, with or without suffixes), optionally a column
        `scene`, and a 0/1 column for each label.

    Returns
    -------
    DataFrame
        The columns `image` (file name without suffix), `path` (below the root, with `/`), `scene`
        (may be empty), then the labels; in the order of the label table.

    Raises
    ------
    InputError
        If the folder or the table cannot be read, or they do not agree.
    """
    return add_paths(read_labels(labels), find_images(root), labels)


def read_labels(path: Path, separator: str = ",", image_column: str = "image") -> pd.DataFrame:
    """Read a label table into the columns `image`, `scene` (may be empty), 0/1 per label.

    Raises
    ------
    InputError
        If the table is not as described in `read_table`.
    """
    table = read_rows(path, separator).apply(lambda column: column.str.strip())
    if image_column not in table:
        raise InputError(
            f"{path}: no column {image_column!r} among {first_few(table.columns)}; "
            f"name the columns in the first line, separated by {separator!r}"
        )
    table = table.rename(columns={image_column: "image"})
    if "scene" not in table:
        table["scene"] = ""
    names = [name for name in table.columns if name not in ("image", "scene")]
    if not names:
        raise InputError(f"{path}: no label columns; add a column of 0 and 1 for each label")
    for name in names:
        if name in FIXED_COLUMNS:
            raise InputError(f"{path}: a label cannot be called {name!r}; rename the column")
    check_names([*table.columns, *table["image"], *table["scene"]], path)
    if outside := [name for name in table["image"] if leads_out(name)]:
        raise InputError(
            f"{path}: {first_few(outside)} leads outside the image folder; give the file name alone"
        )
    table["image"] = table["image"].map(image_id)
    check_ids(table["image"], path)
    check_scenes(table, path)
    return with_flags(table[["image", "scene", *names]], names, path)


def add_paths(table: pd.DataFrame, paths: dict[str, str], labels: Path) -> pd.DataFrame:
    """Add the paths of the images to a label table, which must list exactly these images.

    Raises
    ------
    InputError
        If a row has no image or an image has no row.
    """
    if missing := [image for image in table["image"] if image not in paths]:
        raise InputError(
            f"{labels}: {len(missing)} of {len(table)} rows without an image: "
            f"{first_few(missing)}; add the images or remove the rows"
        )
    if missing := sorted(paths.keys() - set(table["image"])):
        raise InputError(
            f"{labels}: {len(missing)} of {len(paths)} images without a row: "
            f"{first_few(missing)}; add the rows or remove the images"
        )
    table = table.copy()
    table.insert(1, "path", table["image"].map(paths))
    return table
