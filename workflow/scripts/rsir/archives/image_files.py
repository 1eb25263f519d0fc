"""The image files of a folder, with their sizes and digests."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from rsir.archives.image_names import check_names, image_ids
from rsir.archives.pictures import FORMATS, read_picture
from rsir.core.errors import InputError
from rsir.core.files import sha256
from rsir.core.progress import progress


def find_images(root: Path, below: str = ".") -> dict[str, str]:
    """Find the images in a folder and its subfolders, except hidden ones.

    Parameters
    ----------
    root
        The archive's root.
    below
        The folder to search, relative to the root.

    Returns
    -------
    dict
        The path of each image, relative to the root and with `/`, by its id (see
        `rsir.archives.image_names.image_ids`).

    Raises
    ------
    InputError
        If the folder does not exist, two paths differ in their ending alone, a name has a line
        break or is not Unicode, or a symbolic link leads outside the root.
    """
    folder = root / below
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; put the images there or correct the path")
    inside = root.resolve()
    paths: list[str] = []
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
                f"{path}: a symbolic link leads outside {root}; use the link's target as the root "
                "or copy the images"
            )
        if is_image:
            paths.append(relative.as_posix())
    images: dict[str, str] = {}
    for image, file in zip(image_ids(paths), paths, strict=True):
        if (other := images.setdefault(image, file)) != file:
            raise InputError(
                f"{root}: two images {image!r}, {other} and {file}; rename or remove one"
            )
    return images


def describe_images(table: pd.DataFrame, root: Path, workers: int) -> pd.DataFrame:
    """Decode each image once and add the columns `width` and `height` (pixels) and `sha256`.

    Uses threads, since Pillow and hashlib release the GIL.

    Raises
    ------
    InputError
        If an image cannot be used (see `rsir.archives.pictures.read_picture`).
    """
    paths = [root / path for path in table["path"]]
    with ThreadPoolExecutor(workers) as pool:
        rows = list(progress(pool.map(_describe, paths), len(paths), "archive", "image"))
    table = table.copy()
    for index, name in enumerate(("width", "height", "sha256")):
        table.insert(3 + index, name, [row[index] for row in rows])
    return table


def _describe(path: Path) -> tuple[int, int, str]:
    image = read_picture(path)
    return image.width, image.height, sha256(path)
