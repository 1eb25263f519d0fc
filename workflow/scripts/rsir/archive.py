"""The table of an archive: one row per image, with its scene and its labels."""

import unicodedata
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.errors import InputError
from rsir.files import sha256, written_whole
from rsir.image import FORMATS, read_image
from rsir.progress import progress

FIXED_COLUMNS = ("image", "path", "scene", "width", "height", "sha256")
"""The columns of an archive before its labels."""

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's categories of controls, stray surrogates, and breaks of lines and paragraphs."""


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
    _check_scenes(table, path)
    return _with_flags(table[["image", "scene", *names]], names, path)


def find_images(root: Path, below: str = ".") -> dict[str, str]:
    """Find the images in a folder and all folders below it, but for hidden ones.

    Parameters
    ----------
    root
        The archive's root.
    below
        The folder to search, relative to the root.

    Returns
    -------
    dict
        The path of each image, relative to the root and with `/`, by its id.

    Raises
    ------
    InputError
        If there is no such folder, if two images have one id, if a name has a line break or is not
        Unicode, or if a symbolic link leads out of the root.
    """
    folder = root / below
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; put the images there or correct the path")
    inside = root.resolve()
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(root)
        is_folder = path.is_dir()
        is_image = path.suffix.lower() in FORMATS and not is_folder
        is_linked_folder = is_folder and path.is_symlink()
        if any(part.startswith(".") for part in relative.parts):
            continue
        if is_image:
            check_names([relative.as_posix()], root)
        if (is_image or is_linked_folder) and not path.resolve().is_relative_to(inside):
            raise InputError(
                f"{path}: leads out of {root} by a symbolic link; make the link's target the "
                "root, or copy the images"
            )
        if is_image:
            image = image_id(path.name)
            other = found.setdefault(image, relative.as_posix())
            if other != relative.as_posix():
                raise InputError(
                    f"{root}: two images {image!r}, {other} and {relative.as_posix()}; "
                    "rename or take out one"
                )
    return found


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


def describe_images(table: pd.DataFrame, root: Path, workers: int) -> pd.DataFrame:
    """Decode each image once and add the columns `width` and `height` (pixels) and `sha256`.

    Threads do it: Pillow and hashlib let others run while they work.

    Raises
    ------
    InputError
        If an image cannot be used (see `rsir.image.read_image`).
    """
    paths = [root / path for path in table["path"]]
    with ThreadPoolExecutor(workers) as pool:
        facts = list(progress(pool.map(_describe, paths), len(paths), "archive", "image"))
    table = table.copy()
    for place, name in enumerate(("width", "height", "sha256")):
        table.insert(3 + place, name, [fact[place] for fact in facts])
    return table


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
    archive = read_rows(path)
    if tuple(archive.columns[: len(FIXED_COLUMNS)]) != FIXED_COLUMNS or not label_names(archive):
        raise InputError(
            f"{path}: does not begin with the columns {', '.join(FIXED_COLUMNS)}, and then labels; "
            "make it anew"
        )
    check_names([*archive.columns, *archive["image"], *archive["path"], *archive["scene"]], path)
    check_ids(archive["image"], path)
    _check_scenes(archive, path)
    if odd := [file for file in archive["path"] if leads_out(file)]:
        raise InputError(f"{path}: {first_few(odd)} leads out of the images' folder; make it anew")
    for name in ("width", "height"):
        if not archive[name].str.fullmatch("[1-9][0-9]{0,8}").all():
            raise InputError(f"{path}: a size is no number of pixels ({name}); make it anew")
    archive = archive.astype({"width": int, "height": int})
    return _with_flags(archive, label_names(archive), path)


def label_names(archive: pd.DataFrame) -> list[str]:
    """Return the names of the labels, in the order of their columns."""
    return list(archive.columns[len(FIXED_COLUMNS) :])


def label_matrix(archive: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which image has which label: images × labels."""
    return archive[label_names(archive)].to_numpy(dtype=bool)


def has_scenes(archive: pd.DataFrame) -> bool:
    """Tell whether the images have scene classes."""
    return bool((archive["scene"] != "").all())


def read_rows(path: Path, separator: str = ",") -> pd.DataFrame:
    """Read a table as text, cell by cell: `001` and `NA` stay what they are.

    Raises
    ------
    InputError
        If there is no such file, or if it is empty, not UTF-8 or ragged, or if a column has no
        name or another's.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; put it there or correct the path")
    try:
        rows = pd.read_csv(
            path,
            sep=separator,
            header=None,
            dtype=str,
            na_filter=False,
            encoding="utf-8-sig",
            compression=None,
        )
    except pd.errors.EmptyDataError:
        raise InputError(f"{path}: empty; it needs a line of column names, then rows") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from error
    except pd.errors.ParserError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a table ({reason}); give each row all columns") from error
    header = [name.strip() for name in rows.iloc[0]]
    for place, name in enumerate(header):
        if not name:
            raise InputError(f"{path}: column {place + 1} has no name; name it or take it out")
        if name in header[:place]:
            raise InputError(f"{path}: two columns {name!r}; rename or take out one")
    if len(rows) == 1:
        raise InputError(f"{path}: no rows below the column names; add one for each image")
    return rows.iloc[1:].set_axis(header, axis="columns").reset_index(drop=True)


def image_id(name: str) -> str:
    """Return a file name without the ending of an image file, its accents in their short form."""
    name = unicodedata.normalize("NFC", name)
    return PurePath(name).stem if PurePath(name).suffix.lower() in FORMATS else name


def leads_out(path: str) -> bool:
    """Tell whether a path could lead out of the folder that it is relative to."""
    return PurePath(path).is_absolute() or ".." in PurePath(path).parts


def check_names(names: Iterable[str], path: Path) -> None:
    """Raise InputError if a name has a line break or the like, or bytes that are not Unicode."""
    for name in names:
        if not name.isprintable() and _UNPRINTABLE & set(map(unicodedata.category, name)):
            raise InputError(
                f"{path}: {name!r} has a line break or another character that cannot be printed; "
                "rename it"
            )


def check_ids(images: "pd.Series[str]", path: Path) -> None:
    """Raise InputError if a row names no image, or two rows name the same."""
    first: dict[str, int] = {}
    for row, image in enumerate(images, start=1):
        if not image:
            raise InputError(f"{path}: row {row}: no image is named; fill in or take out the row")
        if first.setdefault(image, row) != row:
            raise InputError(
                f"{path}: rows {first[image]} and {row} both name image {image!r}; take out one"
            )


def first_few(names: Iterable[str]) -> str:
    """Return the first three names, quoted, and an ellipsis for more."""
    names = list(names)
    return ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "")


def _check_scenes(table: pd.DataFrame, path: Path) -> None:
    empty = table["scene"] == ""
    if empty.any() and not empty.all():
        image = table["image"][empty].iloc[0]
        raise InputError(
            f"{path}: {empty.sum()} of {len(table)} rows without a scene, first that of "
            f"{image!r}; give every image a scene, or none"
        )


def _with_flags(table: pd.DataFrame, names: list[str], path: Path) -> pd.DataFrame:
    """Turn the labels' cells from text into numbers, 0 and 1."""
    wrong = ~table[names].isin(["0", "1"]).to_numpy()
    if wrong.any():
        row, place = np.argwhere(wrong)[0]
        image, value = table["image"].iloc[row], table[names[place]].iloc[row]
        raise InputError(
            f"{path}: row {row + 1} ({image!r}), column {names[place]!r}: {value!r} is neither "
            "0 nor 1; correct it"
        )
    return table.astype(dict.fromkeys(names, "uint8"))


def _describe(path: Path) -> tuple[int, int, str]:
    image = read_image(path)
    return image.width, image.height, sha256(path)
