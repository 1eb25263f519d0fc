"""The metadata of BigEarthNet: a JSON file per patch (version 1), a parquet file (version 2)."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rsir.archives.containers.member import Location
from rsir.core.errors import InputError
from rsir.core.progress import progress

_METADATA = {
    "patch_id": pa.string(),
    "labels": pa.list_(pa.string()),
    "split": pa.string(),
    "country": pa.string(),
    "s1_name": pa.string(),
    "contains_seasonal_snow": pa.bool_(),
    "contains_cloud_or_shadow": pa.bool_(),
}


def read_metadata(path: Location) -> pd.DataFrame:
    """Read the metadata of version 2.

    Returns
    -------
    DataFrame
        A row per patch: `s2_name`, `s1_name`, `labels` (lists of names), `split` (`train`,
        `validation`, `test`), `country`, `snow`, `cloud`, `date` and `tile`.

    Raises
    ------
    InputError
        If the file cannot be read or lacks a column.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; put it there")
    try:
        read = pq.read_table(path if isinstance(path, Path) else path.open())
        if missing := sorted(_METADATA.keys() - set(read.column_names)):
            raise InputError(f"{path}: no column {missing[0]!r}; get the original file")
        table: pd.DataFrame = (
            read.select(list(_METADATA)).cast(pa.schema(_METADATA.items())).to_pandas()
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: cannot be read ({reason:.200}); get another copy") from error
    table = table.rename(
        columns={
            "patch_id": "s2_name",
            "contains_seasonal_snow": "snow",
            "contains_cloud_or_shadow": "cloud",
        }
    )
    named = table["s2_name"].str.extract(r"^S2[AB]_MSIL2A_(\d{4})(\d\d)(\d\d)T\d+_\w+_T(\w{5})_")
    if named.isna().any(axis=None):
        name = table["s2_name"][named.isna().any(axis=1)].iloc[0]
        raise InputError(f"{path}: {name!r} is no name of a patch; get the original file")
    return table.assign(date=named[0] + "-" + named[1] + "-" + named[2], tile=named[3])


def read_patch_files(root: Location, paths: Mapping[str, str]) -> pd.DataFrame:
    """Read the metadata of version 1 beside the bands of each patch.

    Parameters
    ----------
    root
        The root of the archive.
    paths
        The folder of each patch, relative to the root, by its name.

    Returns
    -------
    DataFrame
        A row per patch: `s2_name`, `labels` (lists of names), `date` and `tile`; for patches of
        Sentinel-1 also `s1_name`.

    Raises
    ------
    InputError
        If a file is missing or not as expected.
    """
    files = (root / path / f"{name}_labels_metadata.json" for name, path in paths.items())
    return pd.DataFrame([_patch(path) for path in progress(files, len(paths), "metadata", "patch")])


def read_names(path: Location) -> Iterable[str]:
    """Return the first column of a CSV file without a header: names of Sentinel-2 patches.

    Raises
    ------
    InputError
        If the file is empty or not text.
    """
    try:
        names = [line.split(",")[0] for line in path.read_text(encoding="utf-8-sig").split()]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error}); get the original file") from error
    if not names or not all(name.startswith("S2") for name in names):
        raise InputError(
            f"{path}: not a list of Sentinel-2 patches, one a line without a header; "
            "get the original file"
        )
    return names


def _patch(path: Location) -> dict[str, Any]:
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
        labels = metadata["labels"]
        time = metadata.get("acquisition_date") or metadata["acquisition_time"]
        source = metadata.get("tile_source") or f"_T{path.parent.name.split('_')[5]}_"
        (tile,) = re.findall(r"_T(\d\d[A-Z]{3})_", source)
        if not all(isinstance(label, str) for label in labels):
            raise TypeError("labels are not text")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file, which has the labels; put it there") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(
            f"{path}: not the metadata of a patch ({type(error).__name__}: {error}); "
            "get another copy"
        ) from error
    patch = path.parent.name
    pair = metadata.get("corresponding_s2_patch")
    names = {"s1_name": patch, "s2_name": pair} if pair else {"s2_name": patch}
    return {**names, "labels": labels, "date": str(time)[:10], "tile": tile}
