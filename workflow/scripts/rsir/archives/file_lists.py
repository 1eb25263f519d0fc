"""The files below a folder, or in a container, in the order of their paths."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rsir.archives.containers.member import Location
from rsir.archives.image_names import FORMATS
from rsir.core.errors import InputError


def files_below(root: Location, below: str = ".") -> list[str]:
    """List the files in a folder and its subfolders, except hidden ones and linked folders.

    Parameters
    ----------
    root
        The root of an archive.
    below
        The folder to search, relative to the root.

    Returns
    -------
    list of str
        Paths relative to the root, with `/`, sorted by their parts.

    Raises
    ------
    InputError
        If a symbolic link to an image or a folder leads outside the root.
    """
    start = PurePosixPath(below)
    lead = f"{start}/" if start.parts else ""
    if isinstance(root, Path):
        inside = root.resolve()
        _check_inside(root / start, root, inside)
        files = [lead + name for name in _walk(root, start, inside)]
    else:
        files = [lead + name for name in (root / start).files()]
        files = [file for file in files if not file.startswith(".") and "/." not in file]
    files.sort(key=lambda file: file.replace("/", "\0"))  # as the lists of their parts
    return files


def _walk(root: Path, start: PurePosixPath, inside: Path) -> Iterator[str]:
    """Yield the files below a folder of the root, relative to that folder."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(root / start / folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                name = f"{folder}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{name}/")
                    continue
                is_image = PurePosixPath(name).suffix.lower() in FORMATS
                is_folder = entry.is_symlink() and entry.is_dir()
                if entry.is_symlink() and (is_image or is_folder):
                    _check_inside(root / start / name, root, inside)
                if not is_folder:
                    yield name


def _check_inside(path: Path, root: Path, inside: Path) -> None:
    if not path.resolve().is_relative_to(inside):
        raise InputError(
            f"{path}: a symbolic link leads outside {root}; use the link's target as the root or "
            "copy the images"
        )
