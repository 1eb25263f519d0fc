"""The kinds of archives, each with the function that reads its images and labels."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rsir.archives.folders import read_folders
from rsir.archives.label_table import read_table
from rsir.archives.listing import Listing
from rsir.archives.ucmerced import read_ucmerced

Settings = Mapping[str, Any]
"""The entry of an archive in the configuration."""


def _table(root: Path, settings: Settings) -> Listing:
    return Listing.of_labels(read_table(root, Path(settings["labels"])))


def _synthetic(root: Path, _settings: Settings) -> Listing:
    return Listing.of_labels(read_table(root, root / "labels.csv"))


def _ucmerced(root: Path, _settings: Settings) -> Listing:
    return Listing.of_labels(read_ucmerced(root))


def _folders(root: Path, _settings: Settings) -> Listing:
    return Listing.of_labels(read_folders(root))


READERS: dict[str, Callable[[Path, Settings], Listing]] = {
    "folders": _folders,
    "synthetic": _synthetic,
    "table": _table,
    "ucmerced": _ucmerced,
}
"""The reader of each kind; it gets the folder that the paths of the images are relative to."""
