"""CSV tables of results, written and read."""

from pathlib import Path

import pandas as pd

from rsir.core.files import written_whole
from rsir.evaluation.methods import MODEL, named

_TEXTS = ["archive", *MODEL, "query", "image", "metric", "over"]
_TEXTS += [*(f"against_{name}" for name in MODEL), "scene", "label", "differs", "duplicates"]
_TEXTS += ["index", "setting", "verdict", "agreement", "letters"]


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, numbers with six decimals."""
    with written_whole(path) as partial:
        table.to_csv(partial, index=False, float_format="%.6f", lineterminator="\n")


def read_results(path: Path) -> pd.DataFrame:
    """Read a table of `write_table`: names are strings, also if they look like numbers."""
    columns = pd.read_csv(path, nrows=0).columns
    return pd.read_csv(
        path,
        dtype=dict.fromkeys(columns.intersection(_TEXTS), str),
        keep_default_na=False,
        na_values=dict.fromkeys(columns.difference(_TEXTS), ""),
    )


def read_named(path: Path, archive: str) -> pd.DataFrame:
    """Read a table of an archive as reports show it; see `rsir.evaluation.methods.named`."""
    return named(read_results(path), archive)
