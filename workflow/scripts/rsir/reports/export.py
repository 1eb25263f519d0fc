"""The export of an archive's descriptors as GeoParquet, for geographic information systems."""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rsir.archives.archive_table import has_scenes, label_matrix, label_names
from rsir.archives.attributes import places
from rsir.core.files import written_whole
from rsir.training.models import Outputs
from rsir.training.predictions import predictions

GEOMETRY = "geometry"


def export_table(
    archive: pd.DataFrame,
    attributes: pd.DataFrame,
    descriptors: Mapping[str, NDArray[np.float32]],
    outputs: Sequence[Outputs] | None = None,
) -> pa.Table:
    """Return a table with a row per image, of all images of an archive or of some.

    Parameters
    ----------
    archive
        The archive's table.
    attributes
        The attributes of its images.
    descriptors
        The descriptors (N, D) of a model, by name.
    outputs
        For a fine-tuned model: the groups of units whose probabilities its descriptor `output` has,
        side by side; none if it has no such descriptor.

    Returns
    -------
    Table
        `image`, `path`, `scene` (if there are scenes), `labels` (a list of names), the attributes
        as text, each descriptor as a list of float32 of fixed size, for a fine-tuned model
        `predicted` and `predicted_probability` (lists of names and of their probabilities), and
        `geometry`: the centre of the image, a point of longitude and latitude (OGC:CRS84) as WKB,
        null where it is unknown.
    """
    labels = np.array(label_names(archive))
    columns: dict[str, pa.Array] = {name: pa.array(archive[name]) for name in ("image", "path")}
    if has_scenes(archive):
        columns["scene"] = pa.array(archive["scene"])
    columns["labels"] = pa.array([list(labels[row]) for row in label_matrix(archive)], _NAMES)
    if outputs:
        predicted = predictions(outputs, descriptors["output"])
        columns["predicted"] = pa.array([list(row) for row in predicted], _NAMES)
        probabilities = [list(row.values()) for row in predicted]
        columns["predicted_probability"] = pa.array(probabilities, pa.list_(pa.float32()))
    for name, values in descriptors.items():
        columns[name] = _fixed_lists(values)
    for name in attributes.columns:
        if name not in (*columns, GEOMETRY):
            columns[name] = pa.array(attributes[name])
    place = places(attributes)
    columns[GEOMETRY] = pa.array([_point(*row) for row in place.tolist()], pa.binary())
    return pa.table(columns)


def write_export(
    path: Path,
    tables: Iterable[pa.Table],
    attributes: pd.DataFrame,
    outputs: Sequence[Outputs] | None = None,
    origin: Mapping[str, Any] | None = None,
) -> None:
    """Write tables, one below the other, as GeoParquet (version 1.1).

    Parameters
    ----------
    path
        The file.
    tables
        What `export_table` returns for consecutive images, at least one.
    attributes
        The attributes of all images.
    outputs
        See `export_table`.
    origin
        What the descriptors were computed from.
    """
    names = {"outputs": [name for group in outputs for name in group.names]} if outputs else {}
    metadata = {"geo": _geo(places(attributes)), "rsir": {**(origin or {}), **names}}
    encoded = {key: json.dumps(value) for key, value in metadata.items()}
    described = (table.replace_schema_metadata(encoded) for table in tables)
    first = next(described)
    with (
        written_whole(path) as partial,
        pq.ParquetWriter(partial, first.schema, compression="zstd") as writer,
    ):
        for table in chain([first], described):
            writer.write_table(table)


_NAMES = pa.list_(pa.string())


def _fixed_lists(values: NDArray[np.float32]) -> pa.Array:
    """Return rows (N, D) as lists of fixed size."""
    flat = pa.array(np.ascontiguousarray(values, np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _point(longitude: float, latitude: float) -> bytes | None:
    """Return a point as well-known binary, or None if it is not known."""
    known = not np.isnan(longitude)
    return struct.pack("<BIdd", 1, 1, longitude, latitude) if known else None


def _geo(place: NDArray[np.float64]) -> dict[str, Any]:
    """Return the metadata of GeoParquet 1.1; without a system, coordinates are in OGC:CRS84."""
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": ["Point"]}
    known = place[~np.isnan(place).any(axis=1)]
    if len(known):
        column["bbox"] = [*known.min(axis=0).tolist(), *known.max(axis=0).tolist()]
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
