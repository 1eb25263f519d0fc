"""The facts of named archives: their files, labels, bands and splits, from `workflow/archives`.

Each file is named after a kind of archive. Its keys:

`title`, `images`, `licence`, `reference`, `quirks`
    What it is.
`get`
    What to do if the files are missing, as a clause.
`images_in`
    The folder of its images below the root; the first of these that exists.
`subset_folders`
    Instead: the folders of its images, and the official subset of each.
`tables`
    The label tables below the root, as patterns; one is enough.
`optional`
    Further lists and tables, which may be missing.
`lists`
    The files that list the images of each official subset.
`files`
    What can be downloaded; see `rsir.archives.downloads`.
`scenes`, `labels`
    Their names, in the authors' order.
`sensor`, `bands`, `rgb`, `nodata`
    As the keys of an archive in the configuration.
`statistics`
    Mean and standard deviation of each band.
`variants`
    Key of the configuration → its value → facts that replace those above; the first value is the
    default.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[3] / "archives"

_PIXEL_KEYS = ("sensor", "bands", "rgb", "nodata")


def is_named(kind: str) -> bool:
    """Return whether an archive of this kind has facts."""
    return (FOLDER / f"{kind}.yaml").is_file()


def archive_facts(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a named archive, for its entry in the configuration.

    Parameters
    ----------
    settings
        The entry, with `kind` and the keys of `variants` that it has.
    """
    facts = dict(_read(settings["kind"]))
    chosen = {
        key: settings.get(key, next(iter(values)))
        for key, values in facts.pop("variants", {}).items()
    }
    for key, value in chosen.items():
        facts |= _read(settings["kind"])["variants"][key][value]
    facts["files"] = [
        file
        for file in facts.get("files", [])
        if all(chosen[key] in values for key, values in file.get("only", {}).items())
    ]
    return facts


def pixel_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of an entry that say how pixels are read, completed by the facts."""
    if not is_named(settings["kind"]):
        return dict(settings)
    facts = archive_facts(settings)
    known = {key: facts[key] for key in _PIXEL_KEYS if key in facts}
    return {**known, **{key: settings[key] for key in ("rgb",) if key in settings}}


@cache
def _read(kind: str) -> dict[str, Any]:
    facts: dict[str, Any] = yaml.safe_load((FOLDER / f"{kind}.yaml").read_text(encoding="utf-8"))
    return facts
