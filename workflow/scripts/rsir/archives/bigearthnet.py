"""BigEarthNet, versions 1 and 2: patches of Sentinel-1 and Sentinel-2, a folder of bands each."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.bigearthnet_metadata import read_metadata, read_names, read_patch_files
from rsir.archives.containers.member import Location, Member
from rsir.archives.facts import archive_facts
from rsir.archives.image_names import SEPARATOR, check_names
from rsir.archives.listing import Listing
from rsir.core.errors import InputError, first_few

NAME_COLUMNS = {"s1": "s1_name", "s2": "s2_name"}


def read_bigearthnet(root: Location, settings: Mapping[str, Any]) -> Listing:
    """List the patches that are recommended for experiments, with their labels.

    Parameters
    ----------
    root
        The folder of `BigEarthNet-v1.0` or `BigEarthNet-S1-v1.0` (version 1), or of
        `BigEarthNet-S2` or `BigEarthNet-S1`, and of `metadata.parquet` (version 2).
    settings
        `version`: 1 or 2. `sensor`: `s2`, `s1` or `both`. `labels`: 19 or, in version 1, 43.
        `keep`: `snow`, `cloud` and `unlabelled` to have these patches, too.

    Returns
    -------
    Listing
        Images are named after their Sentinel-2 patch or, if `sensor` is `s1`, after their
        Sentinel-1 patch, and sorted. Further attributes are `split`, `country` (version 2), `date`
        and `tile`, of the grid of Sentinel-2.

    Raises
    ------
    InputError
        If folders, metadata or labels are missing or cannot be read.
    """
    facts = archive_facts(settings)
    version, sensor = settings.get("version", 2), settings.get("sensor", "s2")
    keep, labels = settings.get("keep", []), settings.get("labels", 19)
    folders = {
        one: find_patches(root, **facts[one]) for one in NAME_COLUMNS if sensor in (one, "both")
    }
    if version == 1:
        patches = _patches_of_version_1(root, facts, folders, keep)
    else:
        patches = _patches_of_version_2(root, facts, folders, keep)
    patches = _with_paths(patches, folders)
    flags = label_flags(list(patches["labels"]), facts, labels)
    left_out = _left_out(patches, flags, keep)
    if left_out.all():
        raise InputError(f"{root}: all {len(left_out)} patches are left out; see the key keep")
    patches, flags = patches[~left_out], flags[~left_out]
    image = patches["s1_name" if sensor == "s1" else "s2_name"]
    order = np.argsort(image.to_numpy(str), kind="stable")
    table = pd.DataFrame({"image": image, "path": patches["path"], "scene": ""}, dtype=str)
    table = table.assign(**dict(zip(label_names(facts, labels), flags.T, strict=True)))
    known = [name for name in ("split", "country", "date", "tile") if name in patches]
    attributes = patches[known]
    attributes.insert(0, "image", image)
    return Listing(
        table.iloc[order].reset_index(drop=True), attributes.iloc[order].reset_index(drop=True)
    )


def find_patches(root: Location, folder: str, depth: int) -> dict[str, str]:
    """Find the folders of patches below a folder, at a depth of 1 or 2.

    Returns
    -------
    dict
        The path of each patch, relative to the root and with `/`, by its name.

    Raises
    ------
    InputError
        If the folder does not exist or is empty, two patches have the same name, or a symbolic
        link leads outside the root.
    """
    if not (root / folder).is_dir():
        raise InputError(f"{root / folder}: no such folder; put the patches there")
    parents = [folder]
    for _ in range(depth):
        parents = [f"{parent}/{name}" for parent in parents for name in _folders(root, parent)]
    patches: dict[str, str] = {}
    for path in sorted(parents):
        other = patches.setdefault(path.rsplit("/", 1)[1], path)
        if other != path:
            raise InputError(f"{root}: two patches of one name, {other} and {path}; remove one")
    if not patches:
        raise InputError(f"{root / folder}: has no folders of patches; put them there")
    check_names(patches, root / folder)
    return patches


def label_names(facts: Mapping[str, Any], labels: int) -> list[str]:
    """Return the 19 or 43 labels in the authors' order."""
    return list(facts["classes"]) if labels == 43 else [one["label"] for one in facts["groups"]]


def label_flags(
    names: Sequence[Sequence[str]], facts: Mapping[str, Any], labels: int
) -> NDArray[np.uint8]:
    """Return the 19 or 43 labels of patches as 0/1, shape (N, 19) or (N, 43).

    Parameters
    ----------
    names
        The labels of each patch: any of the 43 classes, or of the 19 groups of them. Eleven classes
        belong to no group.

    Raises
    ------
    InputError
        If a name is unknown, or a group of classes where 43 labels are wanted.
    """
    classes = {name: number for number, name in enumerate(facts["classes"])}
    columns: dict[str, int | None] = dict(classes)
    if labels == 19:
        columns = dict.fromkeys(classes)
        for number, group in enumerate(facts["groups"]):
            columns[group["label"]] = number
            columns.update(dict.fromkeys((facts["classes"][one] for one in group["of"]), number))
    flags = np.zeros((len(names), labels), np.uint8)
    for row, of_patch in enumerate(names):
        for name in of_patch:
            if name not in columns:
                raise InputError(f"{name!r} is none of the {labels} labels of BigEarthNet")
            if (column := columns[name]) is not None:
                flags[row, column] = 1
    return flags


def _folders(root: Location, parent: str) -> list[str]:
    if isinstance(root, Member):
        folders = (folder for folder in (root / parent).iterdir() if folder.is_dir())
        return [folder.name for folder in folders if not folder.name.startswith(".")]
    names = []
    with os.scandir(root / parent) as entries:
        for entry in entries:
            if entry.name.startswith(".") or not entry.is_dir():
                continue
            if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(root.resolve()):
                raise InputError(
                    f"{entry.path}: a symbolic link leads outside {root}; use the link's target as "
                    "the root or copy the patches"
                )
            names.append(entry.name)
    return names


def _patches_of_version_1(
    root: Location,
    facts: Mapping[str, Any],
    folders: Mapping[str, Mapping[str, str]],
    keep: Sequence[str],
) -> pd.DataFrame:
    """Read the metadata beside the bands, and the lists of snow, clouds and subsets beside them."""
    patches = read_patch_files(root, folders["s1" if "s1" in folders else "s2"])
    for reason in ("snow", "cloud"):
        path = root / facts[reason]
        if not path.is_file() and reason not in keep:
            logging.warning(
                f"{path}: no such file; patches with {reason} are not left out: get the list from "
                f"{facts['lists_from']} or set keep: [{reason}]"
            )
        names = set(read_names(path)) if path.is_file() else set()
        patches[reason] = patches["s2_name"].isin(names)
    lists = {subset: root / file for subset, file in facts["lists"].items()}
    if all(path.is_file() for path in lists.values()):
        subsets = {name: subset for subset, path in lists.items() for name in read_names(path)}
        patches["split"] = patches["s2_name"].map(subsets).fillna("")
    return patches


def _patches_of_version_2(
    root: Location,
    facts: Mapping[str, Any],
    folders: Mapping[str, Mapping[str, str]],
    keep: Sequence[str],
) -> pd.DataFrame:
    """Read the metadata of the recommended patches and, if it is there, of the others."""
    patches = read_metadata(root / facts["metadata"])
    others = root / facts["others"]
    if others.is_file():
        patches = pd.concat([patches, read_metadata(others)], ignore_index=True)
    elif wanted := sorted({"snow", "cloud"} & set(keep)):
        raise InputError(
            f"{others}: no such file, which has the labels of patches with {' and '.join(wanted)}; "
            "put it there or change keep"
        )
    for sensor, paths in folders.items():
        listed = set(patches[NAME_COLUMNS[sensor]])
        unlisted = [name for name in paths if name not in listed]
        if unlisted and others.is_file():
            raise InputError(
                f"{root / facts['metadata']}: {len(unlisted)} patches without a row: "
                f"{first_few(unlisted)}; remove them or get the file of the right version"
            )
        if unlisted:
            logging.info(
                f"{len(unlisted)} patches have no row in {facts['metadata']}, which lists those "
                "without snow, clouds and shadows: they are left out"
            )
    return patches


def _with_paths(patches: pd.DataFrame, folders: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Keep the patches that have a folder of each sensor, and add their joined paths."""
    paths = [patches[NAME_COLUMNS[sensor]].map(of_sensor) for sensor, of_sensor in folders.items()]
    present = np.logical_and.reduce([of_sensor.notna() for of_sensor in paths])
    most = max(len(patches), *map(len, folders.values()))
    if not present.any():
        raise InputError(
            f"none of the {most} patches has a folder of each sensor and its metadata; get those "
            "that belong together"
        )
    if present.sum() < most:
        logging.warning(
            f"{present.sum()} of {most} patches have their metadata and a folder of each sensor: "
            "a part of the archive is read"
        )
    joined = [SEPARATOR.join(row) for row in zip(*(one[present] for one in paths), strict=True)]
    return patches[present].assign(path=joined)


def _left_out(
    patches: pd.DataFrame, flags: NDArray[np.uint8], keep: Sequence[str]
) -> NDArray[np.bool_]:
    """Return which patches are left out, and log how many for which reason."""
    reasons = {
        "snow": patches["snow"].to_numpy(bool),
        "cloud": patches["cloud"].to_numpy(bool),
        "unlabelled": ~flags.any(axis=1),
    }
    left_out = np.zeros(len(patches), bool)
    for reason, applies in reasons.items():
        if reason not in keep:
            left_out |= applies
            logging.info(f"left out: {applies.sum()} patches ({reason})")
    return left_out
