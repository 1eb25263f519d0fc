"""The rankings and scores of all models of a run."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from rsir.archives.attributes import read_attributes
from rsir.archives.split_groups import attribute_groups
from rsir.evaluation.tables import read_results
from rsir.search.protocol import Rankings, Search
from rsir.search.ranking_file import read_rankings


def read_all_rankings(
    paths: Iterable[Path], archive: pd.DataFrame
) -> Iterator[tuple[Search, dict[str, Rankings], dict[str, Any]]]:
    """Yield the search, the rankings by descriptor, and the attributes of each file.

    Raises
    ------
    InputError
        If a file cannot be read or belongs to another archive.
    """
    images = archive["image"].to_numpy(str)
    for path in paths:
        yield read_rankings(path, images)


def read_groups(
    images: "pd.Series[str]", attributes: Path | None, column: str | None
) -> "pd.Series[str] | None":
    """Return the group of each image by its name, a column of the attributes; None without one.

    Raises
    ------
    InputError
        If the file cannot be read, or has no such column.
    """
    if attributes is None or column is None:
        return None
    groups = attribute_groups(read_attributes(attributes, list(images)), column)
    return pd.Series(groups.astype(str), index=images)


def read_all_scores(paths: Iterable[str]) -> pd.DataFrame:
    """Return the rows of all score files, in the order of the files."""
    return pd.concat([read_results(Path(path)) for path in paths], ignore_index=True)
