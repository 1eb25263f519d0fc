"""The columns of a label table: which hold images, scenes, labels, and other attributes."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import pandas as pd

from rsir.archives.column_names import (
    CLASS_NAMES,
    IMAGE_NAMES,
    SCENE_NAMES,
    plain_name,
    usual_image_columns,
)
from rsir.archives.containers.member import Location
from rsir.archives.label_flags import WORDS, check_vocabulary, distinct, is_flags
from rsir.archives.label_lists import seems_list
from rsir.core.errors import InputError, first_few

LIST_NAMES = (
    *("labels", "label", "labelname", "labelnames", "labellist", "multilabel", "multilabels"),
    *("tags", "tag", "classes", "classnames", "categories", "annotations", "annotation"),
    *("objects", "concepts", "keywords"),
)
"""Names of a column of lists of labels."""

ATTRIBUTE_NAMES = frozenset(
    (
        *("lat", "latitude", "lon", "long", "lng", "longitude", "easting", "northing"),
        *("utmzone", "zone", "crs", "epsg", "geometry", "geom", "wkt", "bbox", "bounds"),
        *("date", "datetime", "time", "timestamp", "year", "month", "day", "season", "split"),
        *("subset", "fold", "partition", "flight", "sensor", "platform", "satellite", "orbit"),
        *("country", "region", "city", "place", "location", "area", "elevation", "altitude"),
        *("gsd", "resolution", "cloudcover", "sunelevation", "index", "url", "source"),
        *("license", "licence", "author", "annotator", "note", "notes", "comment", "comments"),
        *("remark", "remarks", "description", "caption", "title"),
    )
)
"""Names of columns that hold no labels unless all of their cells say so."""

_MANY = 20
"""From so many distinct cells on, a column of them does not come from typing errors."""


@dataclass(frozen=True)
class TableSettings:
    """The keys of an archive's entry in the configuration that say how to read its label table."""

    image_column: str | None = None
    scene_column: str | None = None
    columns: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    label_separator: str | None = None
    unlabelled: str = "refuse"
    missing: str = "refuse"

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "TableSettings":
        """Take these keys from an entry."""
        own = {key: settings[key] for key in cls.__dataclass_fields__ if key in settings}
        for key in {"columns", "ignore"} & own.keys():
            own[key] = tuple(own[key])
        return cls(**own)


DEFAULTS = TableSettings()


@dataclass(frozen=True)
class Columns:
    """The columns of a label table by their role; `is_list` is set if one column holds lists."""

    scene: str | None
    labels: list[str]
    attributes: list[str]
    is_list: bool = False


def image_columns(header: Sequence[str], settings: TableSettings = DEFAULTS) -> list[str]:
    """Return the columns that may name the images, best first."""
    if settings.image_column is not None:
        return [settings.image_column] if settings.image_column in header else []
    return usual_image_columns(header)


def find_columns(table: pd.DataFrame, settings: TableSettings, path: Location) -> Columns:
    """Find the role of each column of a table, other than `image`.

    Parameters
    ----------
    table
        The column `image`, then columns of text or lists.

    Raises
    ------
    InputError
        If the settings name columns that the table does not have, or it is not sure which columns
        hold labels.
    """
    names = [name for name in table.columns if name != "image"]
    wanted = [*(settings.columns or ()), *settings.ignore]
    if settings.scene_column is not None:
        wanted.append(settings.scene_column)
    for name in wanted:
        if name not in names:
            close = get_close_matches(name, names, 1) or names
            raise InputError(f"{path}: no column {name!r}; there is {first_few(close)}")
    if both := [name for name in settings.columns or () if name in settings.ignore]:
        raise InputError(
            f"{path}: column {both[0]!r} is named in columns and in ignore; choose one"
        )
    if settings.columns is not None:
        labels, is_list = _stated(table, settings, path)
        scene = _scene(table, settings, path, has_labels=True)
    else:
        scene = _scene(table, settings, path, has_labels=False)
        others = [name for name in names if name != scene and name not in settings.ignore]
        labels, is_list = _found(table, others, settings, path)
    attributes = [name for name in names if name not in labels and name != scene]
    return Columns(scene, labels, attributes, is_list)


def _stated(table: pd.DataFrame, settings: TableSettings, path: Location) -> tuple[list[str], bool]:
    labels = list(settings.columns or ())
    lists = [name for name in labels if _has_lists(table[name])]
    if len(labels) > 1 and (lists or settings.label_separator is not None):
        raise InputError(f"{path}: one column of lists is read; name it alone in columns")
    is_list = settings.label_separator is not None or bool(lists)
    if len(labels) == 1 and not is_list:
        values = distinct(table[labels[0]])
        is_list = not is_flags(values) and not values & WORDS
    return labels, is_list


def _found(
    table: pd.DataFrame, names: list[str], settings: TableSettings, path: Location
) -> tuple[list[str], bool]:
    """Find the columns of labels by their cells."""
    lists = [name for name in names if _has_lists(table[name])]
    values = {name: distinct(table[name]) for name in names if name not in lists}
    flags = [name for name in values if is_flags(values[name])]
    named = [name for name in names if plain_name(name) in LIST_NAMES and name not in flags]
    if typed := [name for name in lists if name in named] or (lists if not flags else []):
        return [_only(typed, path)], True
    if lists:
        raise InputError(f"{path}: {_choose([*lists, *flags])}")
    if settings.label_separator is not None:
        return [_only(named or [n for n in names if n not in flags], path)], True
    doubts = {name: _doubt(table[name], values[name]) for name in values if name not in flags}
    if not flags:
        if named or (named := [n for n in names if plain_name(n) in CLASS_NAMES]):
            return [_only(named, path)], True
        texts = [name for name, doubt in doubts.items() if doubt in ("", "lists")]
        texts = [n for n in texts if plain_name(n) not in ATTRIBUTE_NAMES and _recurs(table[n])]
        if not table["image"].duplicated().any():
            texts = [n for n in texts if any(map(seems_list, table[n].unique()))]
        if "words" not in doubts.values() and texts:
            return [_only(texts, path)], True
    elif named:
        raise InputError(f"{path}: {_choose([*named, *flags])}")
    wrong = [name for name, doubt in doubts.items() if doubt == "words"]
    if wrong:
        check_vocabulary(table, {name: values[name] for name in [*flags, *wrong]}, path)
    for name, doubt in doubts.items():
        if doubt and flags:
            raise InputError(
                f"{path}: column {name!r} {_DOUBTS[doubt]}; if it is no label, name it in ignore"
            )
    if not flags:
        hint = "" if names else "; to use the scenes as labels, name their column in columns"
        raise InputError(
            f"{path}: no label columns{' among ' * bool(names)}{first_few(names)}; add a column of "
            f"0 and 1 for each label, or name a column of lists in columns{hint}"
        )
    check_vocabulary(table, {name: values[name] for name in flags}, path)
    if doubtful := [name for name in flags if plain_name(name) in ATTRIBUTE_NAMES]:
        logging.warning(
            "%s: %s has 0 and 1 alone and is taken for a label; if it is none, name it in ignore",
            path,
            first_few(doubtful),
        )
    return flags, False


_DOUBTS = {
    "empty": "is empty, so it is not clear whether it is a label that no image has",
    "fractions": "has numbers between 0 and 1",
    "lists": "seems to hold lists of labels, beside columns of 0 and 1",
}


def _doubt(cells: pd.Series, values: set[str]) -> str:
    """Return why a column may be one of labels, though not all cells say so, or an empty text."""
    filled = cells[cells != ""]
    known = plain_name(str(cells.name)) in ATTRIBUTE_NAMES | set(IMAGE_NAMES)
    if filled.empty:
        return "" if known else "empty"
    share = filled.str.casefold().isin(WORDS).mean()
    if known and share <= 0.5:
        return ""
    numbers = pd.to_numeric(filled, errors="coerce")
    if numbers.notna().all():
        whole = bool((numbers % 1 == 0).all())
        if numbers.between(0, 1).all() and not whole:
            return "words" if values & WORDS else "fractions"
        unlike_labels = filled.is_unique or not whole
        if share == 0 or (len(values) >= _MANY and unlike_labels):
            return ""
        return "words"
    if values & WORDS:
        return "words"
    return "lists" if any(map(seems_list, cells.unique())) else ""


def _scene(
    table: pd.DataFrame, settings: TableSettings, path: Location, has_labels: bool
) -> str | None:
    """Return the column of scenes, if there is one."""
    if settings.scene_column is not None:
        return settings.scene_column
    if "scene" in table and "scene" not in settings.ignore:
        return "scene"
    labels = set(settings.columns or ())
    texts = {
        name: plain_name(name)
        for name in table.columns
        if name not in ("image", *settings.ignore, *labels) and not _has_lists(table[name])
    }
    flags = [name for name in texts if is_flags(distinct(table[name]))]
    texts = {name: plain for name, plain in texts.items() if name not in flags}
    scenes = [name for name, plain in texts.items() if plain in SCENE_NAMES]
    has_list = any(plain_name(name) in LIST_NAMES for name in table.columns if name != "image")
    if not scenes and (flags or has_labels or has_list):
        scenes = [name for name, plain in texts.items() if plain in CLASS_NAMES]
    if len(scenes) > 1:
        raise InputError(
            f"{path}: scenes may stand in {first_few(scenes)}; set scene_column to one of them"
        )
    return scenes[0] if scenes else None


def _only(names: list[str], path: Location) -> str:
    if len(names) == 1:
        return names[0]
    raise InputError(f"{path}: {_choose(names)}")


def _choose(names: list[str]) -> str:
    return (
        f"labels may stand in {first_few(names)}; name the column or the columns of labels in "
        "columns, or the others in ignore"
    )


def _recurs(cells: pd.Series) -> bool:
    """Return whether names recur in a column: those of labels do, other texts may not."""
    words = [word.strip() for cell in cells for word in re.split("[;|,]", cell) if word.strip()]
    return len(set(words)) < len(words)


def _has_lists(cells: pd.Series) -> bool:
    return any(isinstance(cell, list) for cell in cells)
