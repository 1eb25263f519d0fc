"""Label columns: the words that people write for a present and an absent label."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.containers.member import Location
from rsir.core.errors import InputError, first_few

VOCABULARIES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "0 and 1": (frozenset({"1", "1.0", "1,0"}), frozenset({"0", "0.0", "0,0"})),
    "true and false": (frozenset({"true"}), frozenset({"false"})),
    "yes and no": (frozenset({"yes"}), frozenset({"no"})),
    "y and n": (frozenset({"y"}), frozenset({"n"})),
    "t and f": (frozenset({"t"}), frozenset({"f"})),
    "1 and -1": (frozenset({"1", "1.0"}), frozenset({"-1", "-1.0"})),
    "1 and empty": (frozenset({"1", "1.0"}), frozenset({""})),
    "true and empty": (frozenset({"true"}), frozenset({""})),
    "yes and empty": (frozenset({"yes"}), frozenset({""})),
    "x and empty": (frozenset({"x"}), frozenset({""})),
}
"""For each way to write labels the words for a present and for an absent one, in lower case."""

WORDS = frozenset().union(*(one | other for one, other in VOCABULARIES.values())) - {""}
"""All words that may say whether a label is present."""


def distinct(cells: pd.Series) -> set[str]:
    """Return the distinct cells of a column, in lower case."""
    return {str(cell).casefold() for cell in cells.unique()}


def is_flags(values: set[str]) -> bool:
    """Return whether a column's cells are those of some vocabulary, one word for present at least.

    A column of zeros is one, too; an empty column is none.
    """
    return values != {""} and any(
        values <= present | absent for present, absent in VOCABULARIES.values()
    )


def common_vocabulary(columns: Mapping[str, set[str]]) -> str | None:
    """Return the first vocabulary that has all cells of some columns, or None."""
    values = set().union(*columns.values())
    return next(
        (name for name, (one, other) in VOCABULARIES.items() if values <= one | other), None
    )


def check_vocabulary(table: pd.DataFrame, columns: Mapping[str, set[str]], path: Location) -> str:
    """Return the vocabulary of the label columns of a table.

    Parameters
    ----------
    table
        The table, with a column `image`, for the message.
    columns
        The distinct cells of each label column, in lower case.

    Raises
    ------
    InputError
        If no vocabulary has all cells: the message names the first cell that does not fit the
        vocabulary of most columns.
    """
    if name := common_vocabulary(columns):
        return name
    values = set().union(*columns.values())
    if {"0", "-1"} <= values or {"0.0", "-1.0"} <= values:
        column = next(name for name, own in columns.items() if own & {"-1", "-1.0"})
        row = int(table[column].str.startswith("-1").to_numpy().argmax())
        raise InputError(
            f"{path}: row {row + 1} ({table['image'].iloc[row]!r}), column {column!r}: both 0 and "
            "-1 occur, and -1 may mean absent or unknown; write 0 for absent, and remove the rows "
            "or columns with unknown labels"
        )
    usual = max(VOCABULARIES, key=lambda name: _fitting(columns.values(), name))
    present, absent = VOCABULARIES[usual]
    others = [
        name for name, own in columns.items() if own <= WORDS and not own & (present | absent)
    ]
    if others and len(others) < len(columns):
        raise InputError(
            f"{path}: labels are written in two ways, {usual} and, in column {others[0]!r}, "
            f"{first_few(sorted(columns[others[0]]))}; write all alike, or name the columns that "
            "are no labels in ignore"
        )
    words = present | absent
    for name in columns:
        wrong = ~table[name].str.casefold().isin(words).to_numpy()
        if wrong.any():
            row = int(wrong.argmax())
            raise InputError(
                f"{path}: row {row + 1} ({table['image'].iloc[row]!r}), column {name!r}: "
                f"{_shortened(table[name].iloc[row])} is neither "
                f"{' nor '.join(usual.split(' and '))}; correct it, or name the column in ignore "
                "if it is no label"
            )
    raise AssertionError(columns)  # some cell fits no vocabulary


def as_flags(table: pd.DataFrame, columns: Sequence[str], vocabulary: str) -> NDArray[np.uint8]:
    """Return label columns as 0 and 1, images × labels."""
    present, _ = VOCABULARIES[vocabulary]
    flags = [table[name].str.casefold().isin(present).to_numpy() for name in columns]
    return np.array(flags, dtype=np.uint8).T


def _fitting(columns: Iterable[set[str]], vocabulary: str) -> tuple[int, int]:
    """Return how many columns have these words alone, and how many have one of them."""
    present, absent = VOCABULARIES[vocabulary]
    words = (present | absent) - {""}
    return (
        sum(own <= present | absent for own in columns),
        sum(bool(own & words) for own in columns),
    )


def _shortened(text: str, length: int = 60) -> str:
    return repr(text if len(text) <= length else f"{text[:length]}…")
