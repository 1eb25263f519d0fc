"""The image files of a folder: finding them, and their sizes and digests."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from rsir.archives.image_names import check_names, image_id
from rsir.archives.pixels import FORMATS, read_image
from rsir.core.errors import InputError
from rsir.core.files import sha256
from rsir.core.progress import progress


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


def describe_images(table: pd.DataFrame, root: Path, workers: int) -> pd.DataFrame:
    """Decode each image once and add the columns `width` and `height` (pixels) and `sha256`.

    Threads do it: Pillow and hashlib let others run while they work.

    Raises
    ------
    InputError
        If an image cannot be used (see `rsir.archives.pixels.read_image`).
    """
    paths = [root / path for path in table["path"]]
    with ThreadPoolExecutor(workers) as pool:
        facts = list(progress(pool.map(_describe, paths), len(paths), "archive", "image"))
    table = table.copy()
    for place, name in enumerate(("width", "height", "sha256")):
        table.insert(3 + place, name, [fact[place] for fact in facts])
    return table


def _describe(path: Path) -> tuple[int, int, str]:
    image = read_image(path)
    return image.width, image.height, sha256(path)
