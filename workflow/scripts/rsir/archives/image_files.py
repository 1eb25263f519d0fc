"""The image files of a folder, with their sizes and digests."""

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.containers.member import Location, Member
from rsir.archives.csv_rows import BLOCK
from rsir.archives.file_lists import files_below
from rsir.archives.image_names import FORMATS, check_names, image_ids
from rsir.archives.image_parts import RASTER_SUFFIXES, image_files
from rsir.archives.known_images import DESCRIPTION, KnownImages, remember_images, state_digest
from rsir.archives.pixels import PICTURES, PixelFormat, find_planes, read_rendering
from rsir.archives.sensors import is_band
from rsir.core.errors import InputError
from rsir.core.files import sha256
from rsir.core.job_record import digest
from rsir.core.origin import versions
from rsir.core.processes import in_processes
from rsir.core.remembered import file_state, is_settled

Description = tuple[bytes, int, int, bytes, float]
"""The values of `rsir.archives.known_images.DESCRIPTION`."""

REFUSALS = 10
"""Maximum number of images that one error names."""


def find_images(root: Location, below: str = ".") -> dict[str, str]:
    """Find the images in a folder and its subfolders, except hidden ones, in order of their paths.

    A folder of single-band rasters, whose names differ in the band at their end only, is one image.

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
    if not (root / below).is_dir():
        raise InputError(
            f"{root / below}: no such folder; put the images there or correct the path"
        )
    files = files_below(root, below)
    of_bands = _band_folders(files) - {"."}
    paths: list[str] = []
    for file in files:
        path = PurePosixPath(file)
        if path.suffix.lower() in FORMATS:
            parent = path.parent.as_posix()
            paths.append(parent if parent in of_bands else file)
    check_names(paths, root)
    paths = list(dict.fromkeys(paths))
    images: dict[str, str] = {}
    for image, file in zip(image_ids(paths), paths, strict=True):
        if (other := images.setdefault(image, file)) != file:
            raise InputError(
                f"{root}: two images {image!r}, {other} and {file}; rename or remove one"
            )
    return images


def describe_images(
    table: pd.DataFrame, root: Location, workers: int, pixel_format: PixelFormat = PICTURES
) -> pd.DataFrame:
    """Decode each image once and add the columns `width` and `height` (pixels) and `sha256`.

    Missing values are counted in the log; each image with more than half of them missing is a
    warning there. Uses several processes. Images are remembered: those that have not changed since
    they were described with the same pixel format are not read again.

    Raises
    ------
    InputError
        If images cannot be used: the first ten, and their number.
    """
    key = description_key(root, pixel_format)
    describe = partial(_describe_once, root, pixel_format, KnownImages(key))
    paths = list(table["path"])
    descriptions = np.zeros(len(paths), DESCRIPTION)
    errors: list[InputError] = []
    for row, described in enumerate(in_processes(describe, paths, workers, "archive", "image")):
        if isinstance(described, InputError):
            errors.append(described)
        else:
            descriptions[row] = described
    refuse_all(errors, len(paths))
    remember_images(key, descriptions)
    _log_missing_values(root, paths, descriptions["missing"])
    table = table.copy()
    table.insert(3, "width", descriptions["width"].astype(int))
    table.insert(4, "height", descriptions["height"].astype(int))
    table.insert(5, "sha256", _digests_as_text(descriptions["sha256"]))
    return table


def _digests_as_text(digests: NDArray[np.void]) -> pd.Series:
    """Return digests in hexadecimal digits; few of them are Python's strings at a time."""
    blocks = (digests[first : first + BLOCK] for first in range(0, max(1, len(digests)), BLOCK))
    texts = ([value.tobytes().hex() for value in block] for block in blocks)
    return pd.concat([pd.Series(block, dtype=str) for block in texts], ignore_index=True)


def _log_missing_values(root: Location, paths: Sequence[str], shares: NDArray[np.float64]) -> None:
    rows = np.flatnonzero(shares)
    if len(rows):
        logging.info(
            "%d of %d images have missing values, %.1f %% of theirs on average; the mean of the "
            "image's band is used instead",
            *(len(rows), len(paths), 100 * shares[rows].mean()),
        )
    for row in np.flatnonzero(shares > 0.5).tolist():
        logging.warning(
            "%s: %.0f %% of its values are missing", root / paths[row], 100 * shares[row]
        )


def refuse_all(errors: Collection[InputError], total: int) -> None:
    """Raise one InputError for all of these, if there are any: the first ten, and their number."""
    if len(errors) == 1:
        raise next(iter(errors))
    if errors:
        images: dict[str, list[str]] = defaultdict(list)
        for error in list(errors)[:REFUSALS]:
            image, _, flaw = str(error).partition(": ")
            images[flaw].append(image)
        lines = [f"{', '.join(names)}: {flaw}" for flaw, names in images.items()]
        lines += [f"… and {len(errors) - REFUSALS} more"] * (len(errors) > REFUSALS)
        raise InputError(f"{len(errors)} of {total} images cannot be used: {' | '.join(lines)}")


def image_digest(root: Location, path: str) -> str:
    """Return the digest of an image: of its file, or of the names and digests of its files."""
    return _digest_of(image_files(root, path))


def _digest_of(files: Sequence[Location]) -> str:
    digests = list(map(_digest, files))
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest()


def _digest(file: Location) -> str:
    """Return the digest of a file or folder, the same in a container as outside."""
    if isinstance(file, Path):
        return digest(file)
    if file.is_file():
        return hashlib.sha256(file.read_bytes()).hexdigest()
    names = sorted(name for name in file.files() if not name.startswith("."))
    listing = [[name, _digest(file / name)] for name in names]
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()


def _describe_once(
    root: Location, pixel_format: PixelFormat, known: KnownImages, path: str
) -> Description | InputError:
    """Describe an image, unless its files are in the state that it is known in."""
    before = _states(root, path)
    state = b"" if before is None else state_digest(path, before)
    if before is not None and (found := known.find(state)) is not None:
        return cast("Description", found.item())
    described = _describe(root, pixel_format, path)
    if isinstance(described, InputError):
        return described
    if before is None or before != _states(root, path) or not all(map(is_settled, before)):
        state = b""
    return state, *described


def _states(root: Location, path: str) -> list[list[int]] | None:
    """Return the state of each file of an image, or None if one cannot be read."""
    try:
        files = [one for file in image_files(root, path) for one in _sources(file)]
        return list(map(file_state, files))
    except OSError:
        return None


def description_key(root: Location, pixel_format: PixelFormat) -> str:
    """Return what the descriptions of images depend on besides their files, as a key."""
    libraries = [versions().get(name, "") for name in ("PIL", "rasterio")]
    code = map(sha256, sorted(Path(__file__).parent.rglob("*.py")))
    return f"{root.resolve()} {pixel_format} {[*libraries, *code]}"


def _sources(file: Location) -> list[Path]:
    """Return the files that a file, a folder of bands or a member is read from."""
    if isinstance(file, Member):
        return file.sources
    return sorted(file.iterdir()) if file.is_dir() else [file]


def _describe(
    root: Location, pixel_format: PixelFormat, path: str
) -> tuple[int, int, bytes, float] | InputError:
    """Return width, height and digest of an image, and the share of its values that is missing."""
    files = image_files(root, path)
    try:
        if pixel_format.of_pictures:
            height, width, _ = read_rendering(files, pixel_format).shape
            return width, height, bytes.fromhex(_digest_of(files)), 0.0
        planes = find_planes(files, pixel_format, pixel_format.bands)
    except InputError as error:
        return error
    missing = [0.0 if plane.missing is None else float(plane.missing.mean()) for plane in planes]
    if min(missing) == 1:
        return InputError(f"{root / path}: all its values are missing; remove it and its row")
    height, width = (max(one.shape[axis] for one in planes) for axis in (0, 1))
    return width, height, bytes.fromhex(_digest_of(files)), sum(missing) / len(missing)


def _band_folders(files: Collection[str]) -> set[str]:
    """Return the folders whose rasters are the bands of one image."""
    rasters: dict[str, list[str]] = defaultdict(list)
    for file in files:
        path = PurePosixPath(file)
        if path.suffix in RASTER_SUFFIXES:
            rasters[path.parent.as_posix()].append(path.stem)
    return {
        folder
        for folder, stems in rasters.items()
        if len(stems) > 1
        and len({stem.rpartition("_")[0] for stem in stems}) == 1
        and all(is_band(stem.rpartition("_")[2]) for stem in stems)
    }
