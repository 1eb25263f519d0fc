"""The rows of a table that figures show, and how they are grouped."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from rsir.evaluation.methods import HISTOGRAM
from rsir.reports.figures.style import readable
from rsir.search.protocol import PROTOCOLS

WITHOUT_LEARNING = "without learning"
BOUND = "bounds"


def quoted(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are quoted: query excluded, first cutoff."""
    rows = table[table["query"] == PROTOCOLS[0]]
    return rows[rows["k"].isin(rows["k"].iloc[:1])]


def described(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of descriptions, without those of the bounds."""
    return rows[rows["labeling"] != ""]


def bounds_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the bounds."""
    return rows[rows["labeling"] == ""]


def records(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield each row by the names of its columns."""
    for record in rows.to_dict("records"):
        yield {str(name): value for name, value in record.items()}


def place_of(backbone: str, labeling: str, descriptor: str) -> tuple[str, str]:
    """Return the heading that a method is shown under, and what its row is called there."""
    if labeling == "":
        return BOUND, backbone
    if descriptor == HISTOGRAM:
        return WITHOUT_LEARNING, readable(backbone)
    return readable(backbone), readable(labeling)
