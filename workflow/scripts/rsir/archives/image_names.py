"""Names of images: which image a file name stands for, and which names are refused."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath

from rsir.archives.pixels import FORMATS
from rsir.core.errors import InputError

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's categories of controls, stray surrogates, and breaks of lines and paragraphs."""


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


def check_ids(images: Iterable[str], path: Path) -> None:
    """Raise InputError if a row names no image, or two rows name the same."""
    first: dict[str, int] = {}
    for row, image in enumerate(images, start=1):
        if not image:
            raise InputError(f"{path}: row {row}: no image is named; fill in or take out the row")
        if first.setdefault(image, row) != row:
            raise InputError(
                f"{path}: rows {first[image]} and {row} both name image {image!r}; take out one"
            )
