"""A user's label table: the labels of each image of a folder, in one of the usual forms."""

import logging
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rsir.archives.archive_table import FIXED_COLUMNS
from rsir.archives.containers.member import Location
from rsir.archives.csv_rows import check_scenes
from rsir.archives.image_files import find_images
from rsir.archives.image_names import check_ids, check_names, find_by_name, similar_name
from rsir.archives.label_columns import (
    DEFAULTS,
    Columns,
    TableSettings,
    find_columns,
    image_columns,
)
from rsir.archives.label_files import read_label_file
from rsir.archives.label_flags import as_flags, check_vocabulary, distinct
from rsir.archives.label_lists import ListError, parse_lists
from rsir.archives.listing import Listing
from rsir.core.errors import InputError, first_few

_PLACE = {"lat": "latitude", "lon": "longitude", "lng": "longitude", "long": "longitude"}
"""Usual names of coordinates and those of `attributes.csv`."""

_LIMITS = {"latitude": 90.0, "longitude": 180.0}


def read_table(
    root: Location, labels: Location, settings: TableSettings = DEFAULTS, below: str = "."
) -> Listing:
    """Read a folder of images and the table of their labels.

    Parameters
    ----------
    root
        The folder. Its subfolders are searched, too; hidden files and folders are skipped.
    labels
        A table with a column of images (file names or paths below the root) and a column for each
        label, or a column of lists of labels, or a row for each image and label; see
        config/README.md for the forms. Or a folder with a JSON file for each image.
    settings
        How to read it, where that is not clear.
    below
        The folder of `root` that has the images.

    Returns
    -------
    Listing
        Labels in the order of their columns; of lists, in alphabetical order. Images in the order
        of the label table. Attributes are the columns that are neither image, scene nor labels.

    Raises
    ------
    InputError
        If the folder or the table cannot be read, they do not agree, or the table may be read in
        several ways.
    """
    paths = find_images(root, below)
    if not paths:
        raise InputError(_no_images(root / below))
    rows, kind = read_label_file(labels, settings)
    rows, column = _with_images(rows, paths, settings, labels)
    check_names([*map(str, rows.columns)], labels)
    columns = find_columns(rows, settings, labels)
    for name in columns.labels if not columns.is_list else []:
        _check_label(name, labels)
    if columns.is_list:
        rows, flags, form = _lists(rows, columns, settings, labels)
    else:
        check_ids(rows["image"], labels)
        vocabulary = check_vocabulary(
            rows, {name: distinct(rows[name]) for name in columns.labels}, labels
        )
        values = as_flags(rows, columns.labels, vocabulary)
        flags = pd.DataFrame(values, columns=columns.labels)
        form = f"columns of {vocabulary}"
    table = rows[["image"]].copy()
    table["scene"] = rows[columns.scene] if columns.scene is not None else ""
    check_names(table["scene"], labels)
    check_scenes(table, labels)
    table = add_paths(table, paths, labels, settings)
    logging.info("%s: %s, %s; images in column %r", labels, kind, form, column)
    logging.info("%s: %d images, %d labels: %s", labels, len(table), flags.shape[1], _counts(flags))
    if columns.scene is not None:
        logging.info("%s: %d scenes in column %r", labels, table["scene"].nunique(), columns.scene)
    if columns.attributes:
        logging.info("%s: no labels, but attributes: %s", labels, ", ".join(columns.attributes))
    return Listing(
        pd.concat([table, flags], axis="columns"), _attributes(rows, columns.attributes, labels)
    )


def _no_images(folder: Location) -> str:
    """Return the message for a folder without images; it counts the endings of its files."""
    files = [file for file in folder.rglob("[!.]*") if file.is_file()]
    endings = Counter(file.suffix.lower() or "no ending" for file in files).most_common(3)
    there = ", ".join(f"{count} {ending}" for ending, count in endings)
    return (
        f"{folder}: no images in a format that is read ({there or 'no files'}); convert them, or "
        "correct the path"
    )


def _with_images(
    rows: pd.DataFrame, paths: dict[str, str], settings: TableSettings, source: Location
) -> tuple[pd.DataFrame, str]:
    """Put the ids of images into a column `image`, and drop rows that are to be ignored.

    Returns
    -------
    The rows, where names that no image has stay as they are; and the column of images.
    """
    candidates = image_columns(list(rows.columns), settings)
    if not candidates:
        wanted = settings.image_column or "image"
        raise InputError(
            f"{source}: no column {wanted!r} among {first_few(map(str, rows.columns))}; "
            "set image_column to the column of the file names"
        )
    found = {name: _ids(rows[name], paths, source, len(candidates) == 1) for name in candidates}
    known = {name: sum(image is not None for image in images) for name, images in found.items()}
    column = max(candidates, key=lambda name: known[name])
    others = [name for name in candidates if name != column and known[name] == known[column] > 0]
    if different := [name for name in others if found[name] != found[column]]:
        raise InputError(
            f"{source}: images may stand in column {column!r} or {different[0]!r}; "
            "set image_column to one of them"
        )
    images = found[column]
    missing = [image for image in images if image is None]
    written = [image or str(name) for name, image in zip(rows[column], images, strict=True)]
    rows = rows.drop(columns=[name for name in {column, "image"} if name in rows])
    rows.insert(0, "image", written)
    if missing and settings.missing == "ignore" and len(missing) < len(rows):
        logging.info("%s: ignored %d of %d rows without an image", source, len(missing), len(rows))
        rows = rows[[image is not None for image in images]].reset_index(drop=True)
    return rows, column


def add_paths(
    table: pd.DataFrame,
    paths: dict[str, str],
    labels: Location,
    settings: TableSettings | None = None,
) -> pd.DataFrame:
    """Add the paths of the images to a label table, which must list exactly these images.

    With `settings`, it may list a part of them.

    Raises
    ------
    InputError
        If a row has no image or an image has no row.
    """
    if missing := [image for image in table["image"] if image not in paths]:
        pairs = ((name, similar_name(name, paths)) for name in missing[:100])
        hint = next((f" ({name!r} may be {other!r})" for name, other in pairs if other), "")
        key = ", or set missing: ignore" if settings is not None else ""
        raise InputError(
            f"{labels}: {len(missing)} of {len(table)} rows without an image: "
            f"{first_few(missing)}{hint}; add the images or remove the rows{key}"
        )
    if unlabelled := sorted(paths.keys() - set(table["image"])):
        if settings is None or settings.unlabelled == "refuse":
            key = ", or set unlabelled: ignore" if settings is not None else ""
            raise InputError(
                f"{labels}: {len(unlabelled)} of {len(paths)} images without a row: "
                f"{first_few(unlabelled)}; add the rows or remove the images{key}"
            )
        logging.info(
            "%s: ignored %d of %d images without a row", labels, len(unlabelled), len(paths)
        )
    table = table.copy()
    table.insert(1, "path", table["image"].map(paths))
    return table


def _ids(names: pd.Series, paths: dict[str, str], source: Location, only: bool) -> list[str | None]:
    """Return the id of each image of a column; if it is not the only one, None for unfit names."""
    texts = [name if isinstance(name, str) else "" for name in names]
    if not only and any(isinstance(name, list) for name in names):
        return [None] * len(texts)
    if only:
        for row, name in enumerate(texts, start=1):
            if not name:
                raise InputError(
                    f"{source}: row {row}: no image is named; name one or remove the row"
                )
    try:
        return find_by_name(texts, paths, source)
    except InputError:
        if only:
            raise
        return [None] * len(texts)


def _lists(
    rows: pd.DataFrame, columns: Columns, settings: TableSettings, source: Location
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Return a row for each image, its labels as 0 and 1, and the form in words."""
    (column,) = columns.labels
    is_long = bool(rows["image"].duplicated().any())
    try:
        labels, form = parse_lists(rows[column].tolist(), settings.label_separator, is_long)
    except ListError as error:
        raise InputError(f"{source}: column {column!r}: {error}") from error
    if is_long and max(map(len, labels)) > 1:
        check_ids(rows["image"], source)
    names = sorted({name for own in labels for name in own})
    for name in names:
        _check_label(name, source)
    positions = {image: row for row, image in enumerate(dict.fromkeys(rows["image"]))}
    flags = np.zeros((len(positions), len(names)), dtype=np.uint8)
    indices = {name: index for index, name in enumerate(names)}
    for image, own in zip(rows["image"], labels, strict=True):
        flags[positions[image], [indices[name] for name in own]] = 1
    if is_long:
        rows, form = _one_row_each(rows, columns, source), "a row for each image and label"
    return rows, pd.DataFrame(flags, columns=names), f"{form} in column {column!r}"


def _one_row_each(rows: pd.DataFrame, columns: Columns, source: Location) -> pd.DataFrame:
    """Keep the first row of each image; its scene has to be that of its other rows."""
    kept = rows.drop_duplicates("image").set_index("image")
    for name in [columns.scene] if columns.scene not in (None, *columns.labels) else []:
        differs = (rows[name] != rows["image"].map(kept[name])).to_numpy()
        if differs.any():
            image = rows["image"].iloc[differs.argmax()]
            raise InputError(f"{source}: image {image!r} has two scenes in its rows; keep one")
    varying = [
        name for name in columns.attributes if (rows[name] != rows["image"].map(kept[name])).any()
    ]
    if varying:
        logging.warning(
            "%s: %s differ between rows of one image, and are left out", source, first_few(varying)
        )
        for name in varying:
            columns.attributes.remove(name)
    return kept.reset_index()


def _attributes(rows: pd.DataFrame, names: Sequence[str], source: Location) -> pd.DataFrame:
    """Return the attributes as text of one line, with coordinates under their usual names."""
    attributes = rows[["image"]].copy()
    for name in names:
        cells = [";".join(map(str, c)) if isinstance(c, list) else c for c in rows[name]]
        cells = [" ".join(cell.split()) for cell in cells]
        check_names(cells, source)
        usual = _PLACE.get(name.casefold(), name.casefold())
        is_place = usual in _LIMITS and usual not in names and _fit(cells, _LIMITS[usual])
        attributes[usual if is_place else name] = cells
    return attributes


def _fit(cells: list[str], limit: float) -> bool:
    """Return whether the cells that are not empty are numbers of degrees."""
    degrees = pd.to_numeric(pd.Series([cell for cell in cells if cell]), errors="coerce")
    return bool((degrees.abs() <= limit).all())


def _check_label(name: str, source: Location) -> None:
    if name in FIXED_COLUMNS:
        raise InputError(
            f"{source}: a label cannot be called {name!r}; rename it, or name the column in ignore"
        )
    check_names([name], source)


def _counts(flags: pd.DataFrame) -> str:
    counts = Counter(dict(zip(flags.columns, flags.sum().tolist(), strict=True)))
    return ", ".join(f"{name} ({count})" for name, count in counts.items())
