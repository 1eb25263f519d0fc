"""MLRSNet: a folder of images and a label table for each scene."""

import csv
import io
import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd

from rsir.archives.containers.member import Location
from rsir.archives.csv_rows import with_flags
from rsir.archives.facts import archive_facts
from rsir.archives.image_names import check_ids, check_names, image_id
from rsir.archives.label_table import add_paths
from rsir.archives.listing import Listing
from rsir.archives.named import find_in_folders
from rsir.core.errors import InputError, first_few

UNNAMED = "snowberg"
"""The label whose name is missing in the header of one table."""


def read_mlrsnet(root: Location, settings: Mapping[str, Any]) -> Listing:
    """Read the images and the label tables of some or all scenes.

    The labels that the authors' repository has since 2021 are wrong on thousands of images. They
    are recognised and reported in the log.

    Returns
    -------
    Listing
        In the order of the scenes and of their tables; the labels in the authors' order.

    Raises
    ------
    InputError
        If images and labels cannot be read, do not agree, or are not those of MLRSNet.
    """
    facts = archive_facts(settings)
    files = sorted(path for pattern in facts["tables"] for path in root.glob(pattern))
    if not files:
        raise InputError(f"{root}: has no labels of MLRSNet; {facts['get']}")
    tables = [read_scene_labels(path, facts) for path in files]
    for flaw in label_flaws(tables, facts):
        logging.warning(f"{files[0].parent}: {flaw}; {facts['get']}")
    table = pd.concat(tables, ignore_index=True)
    check_ids(table["image"], files[0].parent)
    table = add_paths(table, find_in_folders(root, facts), files[0].parent)
    return Listing.of_labels(table[["image", "path", "scene", *facts["labels"]]])


def read_scene_labels(path: Location, facts: Mapping[str, Any]) -> pd.DataFrame:
    """Read the label table of a scene: `image`, `scene`, then 0/1 per label in the authors' order.

    Columns are known by name, since their order differs between tables.

    Raises
    ------
    InputError
        If the table is not one of MLRSNet.
    """
    if path.stem not in facts["scenes"]:
        raise InputError(f"{path}: {path.stem!r} is not a scene of MLRSNet; {facts['get']}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
        header, *rows = csv.reader(io.StringIO(text, newline=""))
    except (UnicodeDecodeError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: not a table in UTF-8 ({error}); get another copy") from error
    header = [name.strip() for name in header]
    if header.count("") == 1 and UNNAMED not in header:
        header[header.index("")] = UNNAMED
    if header[:1] != ["image"] or sorted(header[1:]) != sorted(facts["labels"]):
        unknown = [name for name in header[1:] if name not in facts["labels"]]
        raise InputError(
            f"{path}: its columns are not image and the 60 labels of MLRSNet "
            f"({first_few(unknown or header)}); get another copy"
        )
    rows = [row for row in rows if row]
    if not rows:
        raise InputError(f"{path}: no rows below the column names; get another copy")
    if wrong := [number for number, row in enumerate(rows, 1) if len(row) != len(header)]:
        raise InputError(f"{path}: row {wrong[0]} has not {len(header)} columns; get another copy")
    table = pd.DataFrame(rows, columns=header, dtype=str)
    check_names(table["image"], path)
    table["image"] = table["image"].map(image_id)
    table.insert(1, "scene", path.stem)
    return with_flags(table[["image", "scene", *facts["labels"]]], facts["labels"], path)


def label_flaws(tables: list[pd.DataFrame], facts: Mapping[str, Any]) -> list[str]:
    """Return what shows that the labels are those of the authors' repository since 2021."""
    flaws = []
    most = facts["most_labels"]
    for table in tables:
        scene = table["scene"].iloc[0]
        many = int((table[facts["labels"]].sum(axis=1) > most).sum())
        if many:
            flaws.append(f"{many} of {len(table)} images of {scene} have more than {most} labels")
        label = facts["always"].get(scene)
        if label and not table[label].any():
            flaws.append(f"none of {len(table)} images of {scene} has the label {label!r}")
    return [f"labels of the version with errors: {flaw}" for flaw in flaws]
