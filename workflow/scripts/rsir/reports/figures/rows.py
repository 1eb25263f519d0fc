"""The rows of a table that figures show, and how they are grouped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from rsir.evaluation.methods import HISTOGRAM, NATIVE
from rsir.reports.figures.style import readable

HANDCRAFTED = "handcrafted"
BOUND = "bounds"

Place = tuple[str, str]
"""The heading that a row of a figure is under, and its label."""


def without_bounds(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of methods, without those of the bounds."""
    return rows[rows["labeling"] != ""]


def bounds_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the bounds."""
    return rows[rows["labeling"] == ""]


def records(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield each row as a dict by column name."""
    for record in rows.to_dict("records"):
        yield {str(name): value for name, value in record.items()}


def place_of(backbone: str, labeling: str, descriptor: str) -> Place:
    """Return the place of a method."""
    if labeling == "":
        return BOUND, backbone
    if descriptor == HISTOGRAM:
        return HANDCRAFTED, readable(backbone)
    return readable(backbone), row_label(labeling, descriptor)


def row_label(labeling: str, descriptor: str) -> str:
    """Return the label of a row; derived descriptors, unlike others, have rows of their own."""
    label = readable(labeling)
    return label if descriptor in NATIVE else f"{label}, {descriptor}"


def grouped(places: Iterable[Place]) -> dict[str, list[str]]:
    """Return the different labels under each heading, in the order of the places."""
    groups: dict[str, dict[str, None]] = {}
    for heading, label in places:
        groups.setdefault(heading, {})[label] = None
    return {heading: list(labels) for heading, labels in groups.items()}


def count_lines(groups: Mapping[str, Sequence[str]]) -> int:
    """Return the number of lines that groups take, headings included."""
    return sum(1 + len(labels) for labels in groups.values())
