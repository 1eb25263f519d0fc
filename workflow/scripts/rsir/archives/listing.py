"""The images of an archive with their labels and attributes, before any pixel is read."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rsir.core.files import written_whole


@dataclass(frozen=True)
class Listing:
    """What a reader returns: a row per image in both tables, in the same order.

    Parameters
    ----------
    table
        The columns `image` (unique id), `path` (below the root, with `/`), `scene` (empty for all
        images of an archive without scenes), then 0/1 per label.
    attributes
        The column `image`, then what else is known of an image, such as its place or date.
    """

    table: pd.DataFrame
    attributes: pd.DataFrame

    @classmethod
    def of_labels(cls, table: pd.DataFrame) -> "Listing":
        """Return a listing of images without attributes."""
        return cls(table, table[["image"]])


def write_attributes(attributes: pd.DataFrame, path: Path) -> None:
    """Write the attributes of an archive's images as CSV."""
    with written_whole(path) as partial:
        attributes.to_csv(partial, index=False, lineterminator="\n")
