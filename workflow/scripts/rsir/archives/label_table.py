"""A user's table of labels: a CSV file with a row per image and a column of 0 and 1 per label."""

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
        The folder. Images are looked for in all folders below it; what is hidden is passed over.
    labels
        A CSV file with a column `image` (file names, with or without their endings), a column
        `scene` if the images have one, and a column of 0 and 1 for each label.

    Returns
    -------
    DataFrame
        The columns `image` (file name without ending), `path` (below the root, with `/`), `scene`
        (empty where there is none), then the labels; in the order of the label table.

    Raises
    ------
    InputError
        If the two cannot be read or do not agree.
    """
    return add_paths(read_labels(labels), find_images(root), labels)


def read_labels(path: Path, separator: str = ",", image_column: str = "image") -> pd.DataFrame:
    """Read a table of labels into the columns `image`, `scene` (may be empty), 0/1 per label.

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
    if odd := [name for name in table["image"] if leads_out(name)]:
        raise InputError(f"{path}: {first_few(odd)} leads out of the images' folder; name the file")
    table["image"] = table["image"].map(image_id)
    check_ids(table["image"], path)
    check_scenes(table, path)
    return with_flags(table[["image", "scene", *names]], names, path)


def add_paths(table: pd.DataFrame, paths: dict[str, str], labels: Path) -> pd.DataFrame:
    """Add the images' paths to a table of labels, which must name exactly these images.

    Raises
    ------
    InputError
        If a row has no image or an image has no row.
    """
    if lost := [image for image in table["image"] if image not in paths]:
        raise InputError(
            f"{labels}: {len(lost)} of {len(table)} rows without an image: {first_few(lost)}; "
            "add the images or take the rows out"
        )
    if lost := sorted(paths.keys() - set(table["image"])):
        raise InputError(
            f"{labels}: {len(lost)} of {len(paths)} images without a row: {first_few(lost)}; "
            "add the rows or take the images out"
        )
    table = table.copy()
    table.insert(1, "path", table["image"].map(paths))
    return table
