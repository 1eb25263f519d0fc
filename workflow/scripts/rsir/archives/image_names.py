"""Names of images: the id of each image of an archive, and the image that a written name means."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from rsir.archives.containers.member import Location
from rsir.core.errors import InputError, first_few

FORMATS = {
    ".bmp": "BMP",
    ".jp2": "JPEG2000",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
"""The format for each suffix of an image file; the content of a file may be of another one."""

SEPARATOR = "//"
"""Joins the files or folders of an image in the column `path` of an archive's table; no name of a
file has it."""

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories of control characters, surrogates, and line and paragraph separators."""

_Index = dict[str | tuple[str, str], list[tuple[str, PurePosixPath]]]
"""Images and their paths by last part of the path, and by its last two parts."""


def image_ids(paths: Sequence[str]) -> list[str]:
    """Return the id of each image of an archive.

    An image is known by its path below the root without ending. Where the last parts of all paths
    differ, the last part is enough, and is the id of all images.

    Parameters
    ----------
    paths
        The path of each image below the root, with `/`; several paths of one image are joined by
        `SEPARATOR`, and the first names it.

    Returns
    -------
    list of str
        Ids in Unicode's composed form. Two are equal where two paths differ in their ending alone.
    """
    whole = [_without_ending(_composed(path.partition(SEPARATOR)[0])) for path in paths]
    bare = [PurePosixPath(path).name for path in whole]
    return bare if len(set(bare)) == len(bare) else whole


def image_id(name: str) -> str:
    """Return a file name without the ending of an image file, in Unicode's composed form."""
    return _without_ending(_composed(PurePosixPath(name).name))


def find_by_name(
    names: Sequence[str], paths: Mapping[str, str], source: Location
) -> list[str | None]:
    """Find the images that a table names.

    A name is a file name or a path, with or without ending; of a path, folders may be missing at
    its beginning, or there may be some above the root. A leading `./` and the separators of Windows
    are understood.

    Parameters
    ----------
    names
        Names as they are written.
    paths
        The path of each image below the root, by id.
    source
        The file that has the names, for the message.

    Returns
    -------
    list of (str or None)
        The id of each image, None where no image has such a name.

    Raises
    ------
    InputError
        If a name has unprintable characters, leads out of the folder or fits several images.
    """
    check_names(names, source)
    if outside := [name for name in names if leads_out(name)]:
        raise InputError(
            f"{source}: {first_few(outside)} leads outside the image folder; "
            "give the file name alone"
        )
    exact = {
        path: image
        for image, joined in paths.items()
        for path in _composed(joined).split(SEPARATOR)
    }
    files = {path.rpartition("/")[2] for path in exact}
    composed = [_composed(name) for name in names]
    found = [
        exact.get(name, name if name in paths and name.rpartition("/")[2] not in files else None)
        for name in composed
    ]
    if None not in found:
        return found
    index = _index(exact)
    return [
        image or _find(name, paths, index, source)
        for name, image in zip(composed, found, strict=True)
    ]


def rows_by_image(names: Sequence[str], paths: Mapping[str, str], source: Location) -> list[int]:
    """Return, for each image of an archive, the row of a table that names it.

    Parameters
    ----------
    names, paths, source
        See `find_by_name`.

    Returns
    -------
    list of int
        Rows, counted from 0, in the order of `paths`.

    Raises
    ------
    InputError
        If a row names no image of the archive, or an image has no row or several.
    """
    images = find_by_name(names, paths, source)
    if unknown := [name for name, image in zip(names, images, strict=True) if image is None]:
        raise InputError(
            f"{source}: {len(unknown)} of {len(names)} rows name images that the archive does not "
            f"have: {first_few(unknown)}; remove them"
        )
    known = [image for image in images if image is not None]
    check_ids(known, source)
    rows = {image: row for row, image in enumerate(known)}
    if missing := [image for image in paths if image not in rows]:
        raise InputError(
            f"{source}: {len(missing)} of the archive's {len(paths)} images without a row: "
            f"{first_few(missing)}; add them"
        )
    return [rows[image] for image in paths]


def similar_name(name: str, images: Iterable[str]) -> str | None:
    """Return an image whose id differs from a name in case or leading zeros alone, or None."""
    wanted = _simplified(_without_ending(name))
    return next((image for image in images if _simplified(image) == wanted), None)


def leads_out(path: str) -> bool:
    """Return whether a relative path could lead outside its folder, here or on Windows."""
    is_absolute = re.match(r"/|\\\\|[A-Za-z]:[\\/]", path) is not None
    return is_absolute or ".." in re.split(r"[\\/]", path)


def check_names(names: Iterable[str], path: Location) -> None:
    """Raise InputError if a name has an unprintable character, or bytes that are not Unicode."""
    for name in names:
        if not name.isprintable() and _UNPRINTABLE & set(map(unicodedata.category, name)):
            raise InputError(
                f"{path}: {name!r} has a line break or another unprintable character; rename it"
            )


def check_ids(images: Iterable[str], path: Location) -> None:
    """Raise InputError if a row has no image id, or two rows have the same."""
    first: dict[str, int] = {}
    for row, image in enumerate(images, start=1):
        if not image:
            raise InputError(f"{path}: row {row}: no image is named; name one or remove the row")
        if first.setdefault(image, row) != row:
            raise InputError(
                f"{path}: rows {first[image]} and {row} both name image {image!r}; remove one"
            )


def _index(images: Mapping[str, str]) -> _Index:
    """Return images and their paths, with and without ending, from images by path."""
    index: _Index = {}
    for path, image in images.items():
        pure = PurePosixPath(path)
        for name in {pure.name, _without_ending(pure.name)}:
            for key in (name, (pure.parent.name, name)):
                index.setdefault(key, []).append((image, pure))
    return index


def _find(name: str, paths: Mapping[str, str], index: _Index, source: Location) -> str | None:
    """Find an image: by its file name, by its id, then without ending, then by another ending."""
    for written in dict.fromkeys(map(PurePosixPath, (name, name.replace("\\", "/")))):
        stem = _without_ending(written.name)
        alike = [
            (image, path)
            for last in {written.name, stem}
            for key in ([(written.parent.name, last), ("", last)] if written.parts[1:] else [last])
            for image, path in index.get(key, [])
            if _ends_alike(written.parent.parts, path.parent.parts)
        ]
        for level in (
            {image: path for image, path in alike if path.name == written.name},
            {name: PurePosixPath(name)} if name in paths else {},
            {image: path for image, path in alike if _without_ending(path.name) == written.name},
            {image: path for image, path in alike if _without_ending(path.name) == stem},
        ):
            exact = {image: path for image, path in level.items() if path.parent == written.parent}
            found = exact or level
            if len(found) > 1:
                raise InputError(
                    f"{source}: {name!r} fits {len(found)} images: "
                    f"{first_few(map(str, found.values()))}; give the path below the root, or set "
                    "root to the folder of the images"
                )
            if found:
                return next(iter(found))
    return None


def _ends_alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether one path is the end of the other."""
    length = min(len(one), len(other))
    return one[len(one) - length :] == other[len(other) - length :]


def _without_ending(path: str) -> str:
    ending = PurePosixPath(path).suffix
    return path.removesuffix(ending) if ending.lower() in FORMATS else path


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _simplified(name: str) -> str:
    return _composed(name).casefold().lstrip("0")
