"""Usual names of the columns of images and scenes in tables."""

import re
from collections.abc import Sequence

_THINGS = ("image", "img", "file", "patch", "tile", "chip", "sample", "picture")
IMAGE_NAMES = (
    *("image", "filename", "file", "filepath", "path", "images", "files", "filenames"),
    *(f"{thing}{end}" for thing in _THINGS for end in ("name", "id", "path", "file", "filename")),
    *("patch", "tile", "chip", "img", "name", "id"),
)
"""Names of the column of images, most usual first, in lower case and without other characters."""

SCENE_NAMES = ("scene", "scenes", "sceneclass", "scenecategory", "scenelabel")
CLASS_NAMES = ("class", "classname", "category")
"""Names of a column of scenes beside labels; alone it is a column of labels."""


def usual_image_columns(header: Sequence[str]) -> list[str]:
    """Return the columns whose usual names say that they name images, best first."""
    if "image" in header:
        return ["image"]
    plain = {name: plain_name(re.sub(r"[\\/]\s*labels?$", "", name, flags=re.I)) for name in header}
    known = [name for name in header if plain[name] in IMAGE_NAMES]
    return sorted(known, key=lambda name: IMAGE_NAMES.index(plain[name]))


def plain_name(name: str) -> str:
    """Return a name in lower case, without other characters than letters and digits."""
    return re.sub("[^a-z0-9]", "", name.casefold())
