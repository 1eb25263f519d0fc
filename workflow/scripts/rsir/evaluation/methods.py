"""Methods: the columns that identify one, their scores, and the rows that reports quote."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from rsir.metrics.arrays import Floats
from rsir.metrics.scoring import METRICS
from rsir.search.protocol import KEPT, PROTOCOLS

METHOD = ["backbone", "labeling", "trained_on", "descriptor", "query", "duplicates", "k"]
"""The key columns of tables.

`trained_on` is the archive whose training images fine-tuned the model, empty where none did.
"""

MODEL, SETTING = METHOD[:4], METHOD[4:]
"""The columns of what is compared, and of how it is searched and scored."""

MethodKey = tuple[str, str, str, str, str, str, int]
"""The values of METHOD in a row."""

NAME = ["backbone", "labeling", "descriptor"]
AGAINST = [f"against_{name}" for name in NAME]
"""The columns that name a method in reports, and the one it is compared with; see `named`."""

Method = tuple[str, str, str]
"""The values of NAME: backbone, labeling (of a transferred model `labeling-from-archive`), and
descriptor."""

OFF_THE_SHELF = "off_the_shelf"
SINGLE_LABEL = "single_label"
MULTI_LABEL = "multi_label"
INDEPENDENT = "independent"
POWERSET = "powerset"

POOL = "pool"
OUTPUT = "output"
PROJECTION = "projection"
"""What a network gives that was trained on images and texts, in the space of both."""

EMBEDDING = "embedding"
"""What a network gives that was fine-tuned so that its cosine similarity follows labels."""

HISTOGRAM = "histogram"
"""The descriptor of a handcrafted backbone."""

EXACT = "exact"
"""The name of exact search beside those of approximate indexes."""

NATIVE = (POOL, OUTPUT, PROJECTION, EMBEDDING, HISTOGRAM)
"""What networks and handcrafted backbones give; all other descriptors are derived from these."""


ENSEMBLE = "ensemble"
"""The labeling of an ensemble of trained models."""


def without_derived(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of bounds and of descriptors that backbones give, without ensembles."""
    is_native = table["descriptor"].isin([*NATIVE, ""])
    return table[is_native & (table["labeling"] != ENSEMBLE)]


def headline_rows(
    table: pd.DataFrame,
    query: str = PROTOCOLS[0],
    duplicates: str = KEPT,
    cutoff: int | None = None,
) -> pd.DataFrame:
    """Return the rows that reports quote: query excluded, duplicates kept, first cutoff.

    Other values of `query`, `duplicates` and `cutoff` select the rows of another condition.
    """
    rows = table[(table["query"] == query) & (table["duplicates"] == duplicates)]
    return rows[rows["k"].isin(rows["k"].iloc[:1] if cutoff is None else [cutoff])]


ACROSS = "across"
"""Stands for all archives in the column `archive`, and for each itself in `trained_on`."""

FROM = "-from-"
"""What separates labeling and archive in the name of a transferred model's labeling."""


def labeling_name(labeling: str, trained_on: str, archive: str) -> str:
    """Return the name of a labeling in reports on an archive.

    A model that another archive fine-tuned has that archive in its name, as in paths.
    """
    return labeling if trained_on in ("", archive) else f"{labeling}{FROM}{trained_on}"


def transferred_labeling(labeling: str) -> str:
    """Return the labeling that `labeling_name` names with an archive, empty without one."""
    return labeling.rpartition(FROM)[0]


def named(table: pd.DataFrame, archive: str) -> pd.DataFrame:
    """Return a table with the columns that reports show.

    The columns `trained_on` (`against_trained_on`) become part of the labelings, as
    `labeling_name` writes them for the archive of a row, the column `archive` if there is one.
    """
    shown = table.copy()
    archives = shown["archive"] if "archive" in shown else [archive] * len(shown)
    for prefix in ("", "against_"):
        if (column := f"{prefix}trained_on") in shown:
            parts = zip(shown[f"{prefix}labeling"], shown.pop(column), archives, strict=True)
            shown[f"{prefix}labeling"] = [labeling_name(*of_row) for of_row in parts]
    return shown


def training_archives(by_archive: Mapping[str, pd.DataFrame]) -> dict[Method, tuple[str, str]]:
    """Return labeling and archive of training of each method that `named` tables name.

    `by_archive` has tables with the columns MODEL. Where each archive itself fine-tuned a method,
    its archive of training is ACROSS.
    """
    sources: dict[Method, tuple[str, str]] = {}
    for archive, table in by_archive.items():
        for backbone, labeling, source, descriptor in table[MODEL].drop_duplicates().to_numpy():
            name = backbone, labeling_name(labeling, source, archive), descriptor
            sources[name] = labeling, ACROSS if source == archive else source
    return sources


def with_training_archives(
    table: pd.DataFrame, sources: Mapping[Method, tuple[str, str]]
) -> pd.DataFrame:
    """Return a table of several archives with the columns MODEL instead of NAME.

    This reverses `named`. In a row of an archive, `trained_on` is the archive that fine-tuned the
    model; in a row of all archives, it is ACROSS for a model of each.
    """
    keyed = table.copy()
    archives = keyed["archive"] if "archive" in keyed else [ACROSS] * len(keyed)
    for prefix in ("", "against_"):
        columns = [f"{prefix}{name}" for name in NAME]
        if not {*columns} <= {*keyed}:
            continue
        found = [sources[name] for name in keyed[columns].itertuples(index=False, name=None)]
        own = [
            archive if source == ACROSS else source
            for archive, (_, source) in zip(archives, found, strict=True)
        ]
        keyed[columns[1]] = [labeling for labeling, _ in found]
        keyed.insert(list(keyed).index(columns[1]) + 1, f"{prefix}trained_on", own)
    return keyed


def method_of(row: Mapping[Any, Any], columns: Sequence[str] = NAME) -> Method:
    """Return the method that the columns of a row of a `named` table name."""
    backbone, labeling, descriptor = (row[name] for name in columns)
    return backbone, labeling, descriptor


def method_name(method: Method) -> str:
    """Return the name of a method, or of a bound, in a text."""
    backbone, labeling, descriptor = method
    return f"{backbone} {labeling} ({descriptor})" if labeling else backbone


def by_method(scores: pd.DataFrame) -> dict[MethodKey, Floats]:
    """Return the scores (seeds, queries, metrics) of each method, in the order of the table.

    Every seed of every method scores the same queries in the same order.
    """
    return {
        cast("MethodKey", method): np.stack(
            [
                of_seed[list(METRICS)].to_numpy(float)
                for _, of_seed in rows.groupby("seed", dropna=False)
            ]
        )
        for method, rows in scores.groupby(METHOD, sort=False, dropna=False)
    }
