"""The images of one archive that search those of another, as an archive of their shared labels."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rsir.archives.archive_table import FIXED_COLUMNS, label_names
from rsir.core.errors import InputError

QUERIES, DATABASE = "test", "train"
"""The subsets of the queries and of the database in the split of a joined archive."""


def joined_archive(
    names: tuple[str, str], archives: tuple[pd.DataFrame, pd.DataFrame], rows: Sequence[np.ndarray]
) -> pd.DataFrame:
    """Return the queries of one archive and the database of another as one table.

    Parameters
    ----------
    names
        Names of both archives, which lead the names of their images.
    archives
        Their tables, the one of the queries first.
    rows
        The rows of each that take part.

    Returns
    -------
    DataFrame
        An archive with the labels that both have, in the order of the first. Its scenes are empty
        unless the archives share some.

    Raises
    ------
    InputError
        If the archives share no label.
    """
    first, second = map(label_names, archives)
    shared = [label for label in first if label in second]
    if not shared:
        raise InputError(
            f"config: run.cross: {names[0]} and {names[1]} have no label in common; leave it out"
        )
    parts = []
    for name, archive, chosen in zip(names, archives, rows, strict=True):
        part = archive.iloc[chosen][[*FIXED_COLUMNS, *shared]].copy()
        for column in ("image", "path"):
            part[column] = f"{name}/" + part[column]
        parts.append(part)
    joined = pd.concat(parts, ignore_index=True)
    if set(parts[0]["scene"]).isdisjoint(parts[1]["scene"]):
        joined["scene"] = ""
    return joined


def rows_in(archive: pd.DataFrame, name: str, joined: pd.DataFrame) -> np.ndarray:
    """Return the rows of an archive that are in a joined one, in its order."""
    row = {f"{name}/{image}": number for number, image in enumerate(archive["image"])}
    chosen = [row[image] for image in joined["image"] if image in row]
    return np.array(chosen, dtype=np.int64)
