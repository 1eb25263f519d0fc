"""The kinds of archives, each with the function that reads its images and labels."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rsir.archives.bigearthnet import read_bigearthnet
from rsir.archives.containers.member import Location
from rsir.archives.containers.opened import located
from rsir.archives.folders import read_folders
from rsir.archives.label_columns import TableSettings
from rsir.archives.label_table import read_table
from rsir.archives.listing import Listing
from rsir.archives.mlrsnet import read_mlrsnet
from rsir.archives.named import read_label_table, read_scene_folders, read_tags

Settings = Mapping[str, Any]
"""The entry of an archive in the configuration."""


def _table(root: Location, settings: Settings) -> Listing:
    path = Path(settings["labels"])
    labels = path if path.exists() else located(path)  # perhaps in a container
    return read_table(root, labels, TableSettings.of(settings))


def _synthetic(root: Location, _settings: Settings) -> Listing:
    return read_table(root, root / "labels.csv")


def _folders(root: Location, _settings: Settings) -> Listing:
    return Listing.of_labels(read_folders(root))


READERS: dict[str, Callable[[Location, Settings], Listing]] = {
    "aid": read_label_table,
    "bigearthnet": read_bigearthnet,
    "dfc15": read_label_table,
    "eurosat": read_scene_folders,
    "folders": _folders,
    "mlrsnet": read_mlrsnet,
    "patternnet": read_scene_folders,
    "planet": read_tags,
    "resisc45": read_scene_folders,
    "rsscn7": read_scene_folders,
    "synthetic": _synthetic,
    "table": _table,
    "ucmerced": read_label_table,
}
"""The reader of each kind; it gets the folder that the paths of the images are relative to."""
