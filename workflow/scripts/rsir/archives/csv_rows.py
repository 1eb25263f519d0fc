"""CSV files read as text, cell by cell, and checks of their columns."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd

from rsir.archives.containers.member import Location
from rsir.core.errors import InputError

BLOCK = 8192
"""Rows of a file that are parsed at a time."""


def read_rows(path: Location, separator: str = ",") -> pd.DataFrame:
    """Read a table of a known form as text, cell by cell: `001` and `NA` are kept as they are.

    Raises
    ------
    InputError
        If the file does not exist, is empty, not UTF-8 or ragged, or has a column without a name or
        two columns of one name.
    """
    return pd.concat(row_blocks(path, separator), ignore_index=True)


def row_blocks(path: Location, separator: str = ",") -> Iterator[pd.DataFrame]:
    """Yield the rows of `read_rows`, at most `BLOCK` at a time; the index counts them from 0."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; put it there or correct the path")
    header: list[str] = []
    rows = 0
    with (
        _parsing(path),
        io.TextIOWrapper(path.open("rb"), "utf-8-sig", newline="") as text,
        pd.read_csv(
            text, sep=separator, header=None, dtype=str, na_filter=False, chunksize=BLOCK
        ) as blocks,
    ):
        for block in blocks:
            if not header:
                header = [name.strip() for name in block.iloc[0]]
                check_header(header, path)
                block = block.iloc[1:]
            rows += len(block)
            if len(block):
                yield block.set_axis(header, axis="columns").set_axis(block.index - 1)
    if not rows:
        raise InputError(f"{path}: no rows below the column names; add one for each image")


def parse_rows(text: str, separator: str, path: Location) -> pd.DataFrame:
    """Parse the lines of a table, the first one included, into cells of text.

    Raises
    ------
    InputError
        If there are no lines, or a line has more cells than the first.
    """
    with _parsing(path):
        return pd.read_csv(
            io.StringIO(text, newline=""), sep=separator, header=None, dtype=str, na_filter=False
        )


@contextmanager
def _parsing(path: Location) -> Iterator[None]:
    """Turn the errors of reading a table into InputError."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from error
    except pd.errors.EmptyDataError:
        raise InputError(f"{path}: empty; it needs a line of column names, then rows") from None
    except pd.errors.ParserError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a table ({reason}); give each row all columns") from error


def check_header(header: list[str], path: Location) -> None:
    """Raise InputError if a column has no name, or two columns have the same."""
    for index, name in enumerate(header):
        if not name:
            raise InputError(f"{path}: column {index + 1} has no name; name or remove it")
        if name in header[:index]:
            raise InputError(f"{path}: two columns {name!r}; rename or remove one")


def check_scenes(table: pd.DataFrame, path: Location) -> None:
    """Raise InputError if some images have a scene and others have none."""
    empty = table["scene"] == ""
    if empty.any() and not empty.all():
        image = table["image"][empty].iloc[0]
        raise InputError(
            f"{path}: {empty.sum()} of {len(table)} rows without a scene, first that of "
            f"{image!r}; give all images a scene or none of them"
        )


def with_flags(table: pd.DataFrame, names: list[str], path: Location) -> pd.DataFrame:
    """Convert the label columns from text to the numbers 0 and 1; else raise InputError.

    The index counts the rows of the table from 0.
    """
    wrong = ~table[names].isin(["0", "1"]).to_numpy()
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        image, value = table["image"].iloc[row], table[names[column]].iloc[row]
        number = table.index[row] + 1
        raise InputError(
            f"{path}: row {number} ({image!r}), column {names[column]!r}: {value!r} is neither "
            "0 nor 1; correct it"
        )
    return table.astype(dict.fromkeys(names, "uint8"))
