"""Archives of kind `folders`: a folder per scene; the scene of an image is its one label."""

import logging

import numpy as np
import pandas as pd

from rsir.archives.archive_table import FIXED_COLUMNS
from rsir.archives.containers.member import Location
from rsir.archives.image_files import find_images
from rsir.core.errors import InputError, first_few


def read_folders(root: Location) -> pd.DataFrame:
    """Read a folder that has a folder of images for each scene.

    Returns
    -------
    DataFrame
        The columns `image`, `path` (below the root), `scene` (the image's folder), then a 0/1
        column for each scene, in alphabetical order.

    Raises
    ------
    InputError
        If images are not in folders directly below the root, or there are fewer than two folders.
    """
    paths = find_images(root)
    if not paths:
        raise InputError(f"{root}: no images; put a folder of images for each scene there")
    if outside := [path for path in paths.values() if "/" not in path]:
        raise InputError(
            f"{root}: {len(outside)} of {len(paths)} images in no folder: {first_few(outside)}; "
            "put each into the folder of its scene, or use an archive of kind table"
        )
    folders = {path.rpartition("/")[0] for path in paths.values()}
    top = sorted({folder.partition("/")[0] for folder in folders})
    if deeper := sorted(folder for folder in folders if "/" in folder):
        hint = (
            f"set root to {root / top[0]}"
            if len(top) == 1
            else "arrange the images as <scene>/<image>, or use an archive of kind table"
        )
        raise InputError(f"{root}: images in folders of folders: {first_few(deeper)}; {hint}")
    if len(top) == 1:
        raise InputError(
            f"{root}: all {len(paths)} images are in one folder, {top[0]!r}; "
            "put a folder for each scene there, at least two"
        )
    if reserved := [scene for scene in top if scene in FIXED_COLUMNS]:
        raise InputError(
            f"{root}: a label cannot be called {reserved[0]!r}; rename the folder {reserved[0]}"
        )
    table = pd.DataFrame({"image": list(paths), "path": list(paths.values())})
    place = {scene: number for number, scene in enumerate(top)}
    numbers = np.array([place[path.partition("/")[0]] for path in paths.values()])
    table["scene"] = np.array(top, object)[numbers]
    logging.info(
        "%s: %d images, %d scenes, which are the labels: %s",
        root,
        len(table),
        len(top),
        ", ".join(top),
    )
    flags = (numbers[:, None] == np.arange(len(top))).astype(np.uint8)
    return pd.concat([table, pd.DataFrame(flags, columns=top)], axis="columns")
