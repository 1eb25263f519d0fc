"""Named archives whose labels are a table or the folders of the images."""

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from rsir.archives.containers.member import Location
from rsir.archives.csv_rows import read_rows, with_flags
from rsir.archives.facts import archive_facts
from rsir.archives.image_files import find_images
from rsir.archives.image_names import check_ids, check_names, image_id
from rsir.archives.label_table import add_paths
from rsir.archives.listing import Listing
from rsir.core.errors import InputError, first_few

Settings = Mapping[str, Any]
Facts = Mapping[str, Any]


def read_label_table(root: Location, settings: Settings) -> Listing:
    r"""Read an archive with a table of 0/1 per label: UC Merced, AID or DFC15.

    A part of the archive is accepted if its images agree with the rows of the table.

    Returns
    -------
    Listing
        In the order of the table. An image's scene is its folder, if the archive has scenes; its
        attribute `split` is the official subset, if the images are in folders of subsets.

    Raises
    ------
    InputError
        If images and labels cannot be read, do not agree, or are not those of the archive.
    """
    facts = archive_facts(settings)
    path = table_path(root, facts)
    rows = read_rows(path, "\t" if b"\t" in _first_line(path) else ",")
    rows = rows.apply(lambda column: column.str.strip())
    rows = rows.rename(columns={rows.columns[0]: "image"})
    check_labels(path, rows.columns[1:], facts)
    paths = find_in_folders(root, facts)
    rows["image"] = rows["image"].map(image_id)
    if facts.get("numbered"):
        by_number: dict[int | None, str] = {int(name): name for name in paths if name.isdecimal()}
        rows["image"] = [by_number.get(_number(name), name) for name in rows["image"]]
    return _listing(path, with_flags(rows, list(rows.columns[1:]), path), paths, facts)


def read_tags(root: Location, settings: Settings) -> Listing:
    """Read an archive with a table of tags, separated by spaces: Planet.

    Returns
    -------
    Listing
        In the order of the table, without scenes.

    Raises
    ------
    InputError
        If images and labels cannot be read, do not agree, or are not those of the archive.
    """
    facts = archive_facts(settings)
    path = table_path(root, facts)
    rows = read_rows(path)
    if list(rows.columns) != ["image_name", "tags"]:
        raise InputError(f"{path}: its columns are not image_name, tags; get the original file")
    tags = [text.split() for text in rows["tags"]]
    unknown = sorted({tag for of_image in tags for tag in of_image} - set(facts["labels"]))
    if unknown:
        raise InputError(f"{path}: {first_few(unknown)} is none of its tags; get the original file")
    flags = {tag: [int(tag in of_image) for of_image in tags] for tag in facts["labels"]}
    wrong = np.sum([flags[tag] for tag in facts["weather"]], axis=0) != 1
    if wrong.any():
        logging.warning(
            f"{path}: {wrong.sum()} of {len(rows)} images have not exactly one tag of the weather, "
            f"first {rows['image_name'][wrong].iloc[0]!r}"
        )
    table = pd.DataFrame({"image": rows["image_name"].map(image_id), **flags})
    return _listing(
        path, table.astype(dict.fromkeys(flags, "uint8")), find_in_folders(root, facts), facts
    )


def read_scene_folders(root: Location, settings: Settings) -> Listing:
    """Read an archive with a folder for each scene: RESISC45, PatternNet, RSSCN7 or EuroSAT.

    Returns
    -------
    Listing
        In the order of the paths. The labels are the scenes of the archive; an image has the one
        whose folder it is in. The attribute `split` is the official subset, if its lists are below
        the root.

    Raises
    ------
    InputError
        If there are no images, or they are in folders that are no scenes of the archive.
    """
    facts = archive_facts(settings)
    paths = find_in_folders(root, facts)
    table = pd.DataFrame({"image": list(paths), "path": list(paths.values())})
    table["scene"] = _scenes(root, table["path"], facts)
    scenes = table["scene"].to_numpy(str)
    labels = {name: (scenes == name).astype(np.uint8) for name in facts["scenes"]}
    table = pd.concat([table, pd.DataFrame(labels)], axis="columns")
    return Listing(table, _with_lists(root, table[["image"]], facts))


def table_path(root: Location, facts: Facts) -> Location:
    """Return the table of an archive that exists, the first if there are several."""
    paths: list[Location] = [root / name for name in facts["tables"]]
    for path in paths:
        if path.is_file():
            return path
    raise InputError(f"{root / facts['tables'][0]}: no such file; {facts['get']}")


def find_in_folders(root: Location, facts: Facts) -> dict[str, str]:
    """Find the images in the folders that the facts name, the path of each by its id.

    Raises
    ------
    InputError
        If there are no such folders or images, or two images have the same id.
    """
    folders = [folder for folder in facts.get("subset_folders", []) if (root / folder).is_dir()]
    if not folders:
        folders = [_image_folder(root, facts)]
    paths: dict[str, str] = {}
    for folder in folders:
        found = find_images(root, folder or ".")
        if both := sorted(paths.keys() & found.keys()):
            raise InputError(
                f"{root}: {paths[both[0]]} and {found[both[0]]} are one image, {both[0]!r}; "
                "remove one"
            )
        paths |= found
    if not paths:
        raise InputError(f"{root}: has no images of {facts['title']}; {facts['get']}")
    return paths


def _image_folder(root: Location, facts: Facts) -> str:
    """Return the first folder of images that exists; the root, if it has a folder of a scene."""
    for folder in facts.get("images_in", []):
        marks = [folder] if folder else facts["scenes"]
        if any((root / mark).is_dir() for mark in marks):
            return str(folder)
    expected = next(iter(facts.get("images_in") or facts["subset_folders"])) or facts["scenes"][0]
    raise InputError(f"{root / expected}: no such folder; {facts['get']}")


def check_labels(path: Location, names: Iterable[str], facts: Facts) -> None:
    """Raise InputError unless these are the labels of the archive in their order."""
    names, expected = list(names), facts["labels"]
    if names != expected:
        unknown = [name for name in names if name not in expected]
        raise InputError(
            f"{path}: its labels are not the {len(expected)} of {facts['title']} in their order "
            f"({first_few(unknown or names)}); get the original file or use "
            "an archive of kind table"
        )


def _listing(path: Location, table: pd.DataFrame, paths: dict[str, str], facts: Facts) -> Listing:
    """Join a table of `image` and labels with the paths of the images."""
    check_names([*table.columns, *table["image"]], path)
    check_ids(table["image"], path)
    table = add_paths(table, paths, path)
    scenes = _scenes(path.parent, table["path"], facts) if facts.get("scenes") else ""
    table.insert(2, "scene", scenes)
    attributes = table[["image"]]
    if subsets := facts.get("subset_folders"):
        folders = [PurePosixPath(path).parts[0] for path in table["path"]]
        attributes = attributes.assign(split=[subsets[folder] for folder in folders])
    return Listing(table, attributes)


def _scenes(root: Location, paths: Iterable[str], facts: Facts) -> list[str]:
    """Return the folder of each image, which must be a scene of the archive."""
    scenes = [PurePosixPath(path).parent.name for path in paths]
    if unknown := sorted(set(scenes) - set(facts["scenes"])):
        raise InputError(
            f"{root}: {first_few(unknown)} is not a scene of {facts['title']}; {facts['get']}"
        )
    return scenes


def _with_lists(root: Location, images: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Add the official subset of each image, if the lists of all subsets are below the root."""
    lists = {subset: root / file for subset, file in facts.get("lists", {}).items()}
    if not lists or not all(path.is_file() for path in lists.values()):
        return images
    subsets = {
        image_id(name): subset
        for subset, path in lists.items()
        for name in path.read_text(encoding="utf-8").split()
    }
    return images.assign(split=[subsets.get(image, "") for image in images["image"]])


def _first_line(path: Location) -> bytes:
    with path.open("rb") as file:
        return file.readline(1 << 16)


def _number(name: str) -> int | None:
    """Return the number of an image that a table gives as 7, 007 or 7.0."""
    match = re.fullmatch(r"(\d+)(?:\.0*)?", name)
    return int(match[1]) if match else None
