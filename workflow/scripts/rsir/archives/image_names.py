"""Names of images: the image id of a file name, and checks of names."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath

from rsir.archives.pictures import FORMATS
from rsir.core.errors import InputError

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories of control characters, surrogates, and line and paragraph separators."""


def image_id(name: str) -> str:
    """Return a file name without the suffix of an image file, in Unicode's composed form."""
    name = unicodedata.normalize("NFC", name)
    return PurePath(name).stem if PurePath(name).suffix.lower() in FORMATS else name


def leads_out(path: str) -> bool:
    """Return whether a relative path could lead outside its folder."""
    return PurePath(path).is_absolute() or ".." in PurePath(path).parts


def check_names(names: Iterable[str], path: Path) -> None:
    """Raise InputError if a name has an unprintable character, or bytes that are not Unicode."""
    for name in names:
        if not name.isprintable() and _UNPRINTABLE & set(map(unicodedata.category, name)):
            raise InputError(
                f"{path}: {name!r} has a line break or another unprintable character; rename it"
            )


def check_ids(images: Iterable[str], path: Path) -> None:
    """Raise InputError if a row has no image id, or two rows have the same."""
    first: dict[str, int] = {}
    for row, image in enumerate(images, start=1):
        if not image:
            raise InputError(f"{path}: row {row}: no image is named; name one or remove the row")
        if first.setdefault(image, row) != row:
            raise InputError(
                f"{path}: rows {first[image]} and {row} both name image {image!r}; remove one"
            )
