"""The table of duplicates, `duplicates.csv`: one row per confirmed pair of images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.csv_rows import parse_rows
from rsir.core.errors import InputError, first_few
from rsir.core.files import written_whole

COLUMNS = {
    "group": int,
    "image": str,
    "duplicate": str,
    "kind": str,
    "correlation": float,
    "overlap": float,
    "rotation": float,
    "mirrored": int,
    "scale": float,
}
"""The columns and their types: the group (from 1) and the two images, in the order of the archive;
`identical`, `near` or `overlap`; the correlation of the pixels that both images have; their share
of the smaller image; and what maps the image onto its duplicate: 1 if it is mirrored left to right,
then the angle of a counterclockwise rotation (degrees), and the scale."""

KINDS = ("identical", "near", "overlap")


def duplicates_table(images: Sequence[str], pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the table of duplicates from pairs of archive rows.

    Parameters
    ----------
    images
        The images of the archive.
    pairs
        The columns `first` and `second`, archive rows, and those of `COLUMNS` after `duplicate`;
        each pair once.

    Returns
    -------
    DataFrame
        The columns `COLUMNS`. Groups are connected components, in the order of their first images;
        pairs are in the order of their group, then of the archive.
    """
    ends = np.sort(pairs[["first", "second"]].to_numpy(int).reshape(-1, 2), axis=1)
    group = duplicate_groups(ends, len(images))[ends[:, 0]]
    order = np.lexsort((ends[:, 1], ends[:, 0], group))
    names = np.array(list(images), dtype=object)
    table = pairs.iloc[order].reset_index(drop=True)
    table = table.assign(
        group=group[order], image=names[ends[order, 0]], duplicate=names[ends[order, 1]]
    )
    return table[list(COLUMNS)].astype(COLUMNS)


def duplicate_groups(pairs: NDArray[np.int_], count: int) -> NDArray[np.int_]:
    """Return the group of each image, (N,): 0 without a duplicate, else from 1.

    Parameters
    ----------
    pairs
        Rows of duplicates, (P, 2).
    count
        The number of images N.
    """
    from scipy.sparse import coo_array  # a slow import, which readers of the table do without
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    component = connected_components(graph, directed=False)[1]
    group = np.zeros(count, dtype=int)
    members = np.unique(pairs)
    _, first, number = np.unique(component[members], return_index=True, return_inverse=True)
    group[members] = 1 + np.argsort(np.argsort(first))[number]
    return group


def write_duplicates(table: pd.DataFrame, path: Path) -> None:
    """Write the table of duplicates as CSV; only its header if there are none."""
    with written_whole(path) as partial:
        table.to_csv(partial, index=False, float_format="%.4g", lineterminator="\n")


def read_duplicates(path: Path, images: Sequence[str]) -> pd.DataFrame:
    """Read what `write_duplicates` wrote for these images.

    Raises
    ------
    InputError
        If the file is not a table of duplicates or names images that are not among these.
    """
    try:
        cells = parse_rows(path.read_text(encoding="utf-8"), ",", path)
        table = cells.iloc[1:].set_axis(list(cells.iloc[0]), axis="columns").reset_index(drop=True)
        table = table[list(COLUMNS)].astype(COLUMNS)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: is damaged or missing; delete it and run again") from error
    named = pd.concat([table["image"], table["duplicate"]])
    if len(unknown := named[~named.isin(list(images))]):
        raise InputError(
            f"{path}: the archive has no {first_few(unknown)}; delete it and run again"
        )
    if len(wrong := table["kind"][~table["kind"].isin(KINDS)]):
        raise InputError(
            f"{path}: {first_few(wrong)} is no kind of duplicates; delete it and run again"
        )
    return table


def duplicate_pairs(table: pd.DataFrame, images: Sequence[str]) -> NDArray[np.int_]:
    """Return the archive rows of each pair, (P, 2), in the order of the table."""
    row = {image: number for number, image in enumerate(images)}
    ends = [table[name].map(row).to_numpy(int) for name in ("image", "duplicate")]
    return np.stack(ends, axis=1)
