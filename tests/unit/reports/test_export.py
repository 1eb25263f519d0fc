"""The export as GeoParquet, read by geopandas."""

import json

import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from rsir.reports.export import export_table, write_export
from rsir.training.models import Outputs

SIGMOID = [Outputs(["sea", "ship"], "sigmoid")]


@pytest.fixture
def descriptors():
    rng = np.random.default_rng(0)
    return {
        "pool": rng.normal(size=(9, 4)).astype(np.float32),
        "output": rng.uniform(size=(9, 2)).astype(np.float32),
    }


@pytest.fixture
def attributes(archive):
    table = pd.DataFrame({"image": archive["image"], "country": "Portugal"})
    table["longitude"] = [str(number / 2) for number in range(8)] + [""]
    table["latitude"] = [str(40 + number) for number in range(8)] + [""]
    return table


def test_geopandas_reads_descriptors_labels_predictions_and_places(
    archive, attributes, descriptors, tmp_path
):
    path = tmp_path / "export.parquet"
    tables = (
        export_table(
            archive[rows],
            attributes[rows],
            {name: values[rows] for name, values in descriptors.items()},
            SIGMOID,
        )
        for rows in (slice(4), slice(4, 9))
    )
    write_export(path, tables, attributes, SIGMOID)
    frame = geopandas.read_parquet(path)
    assert frame["image"].tolist() == list("abcdefghi")
    assert frame["scene"].tolist() == archive["scene"].tolist()
    assert [list(labels) for labels in frame["labels"]][:4] == [
        *(["sea", "ship"], ["sea"], ["sea", "ship"], ["grass"])
    ]
    for name, values in descriptors.items():
        assert np.array_equal(np.stack(frame[name]), values)
    for names, probabilities, row in zip(
        frame["predicted"], frame["predicted_probability"], descriptors["output"], strict=True
    ):
        assert list(names) == [
            name for name, p in zip(("sea", "ship"), row, strict=True) if p >= 0.5
        ]
        assert list(probabilities) == [p for p in row if p >= 0.5]
    assert set(frame["country"]) == {"Portugal"}
    assert frame.crs == "OGC:CRS84"
    assert frame.geometry[:8].x.tolist() == [number / 2 for number in range(8)]
    assert frame.geometry[:8].y.tolist() == [40 + number for number in range(8)]
    assert frame.geometry[8] is None
    assert frame.total_bounds.tolist() == [0, 40, 3.5, 47]


def test_the_file_follows_geoparquet_1_1(archive, attributes, descriptors, tmp_path):
    path = tmp_path / "export.parquet"
    origin = {"backbone": "net", "seed": "0"}
    tables = iter([export_table(archive, attributes, descriptors, SIGMOID)])
    write_export(path, tables, attributes, SIGMOID, origin)
    schema = pq.read_schema(path)
    geo = json.loads(schema.metadata[b"geo"])
    assert geo == {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {"encoding": "WKB", "geometry_types": ["Point"], "bbox": [0, 40, 3.5, 47]}
        },
    }
    assert json.loads(schema.metadata[b"rsir"]) == {**origin, "outputs": ["sea", "ship"]}
    assert str(schema.field("pool").type) == "fixed_size_list<element: float>[4]"


def test_an_archive_without_places_and_scenes_is_exported(archive, descriptors, tmp_path):
    path = tmp_path / "export.parquet"
    attributes = archive[["image"]]
    tables = iter([export_table(archive.assign(scene=""), attributes, descriptors)])
    write_export(path, tables, attributes)
    frame = geopandas.read_parquet(path)
    assert frame.geometry.isna().all()
    assert list(frame.columns) == ["image", "path", "labels", "pool", "output", "geometry"]


def test_attributes_do_not_replace_columns(archive, descriptors):
    attributes = pd.DataFrame({"image": archive["image"], "pool": "swimming", "geometry": "oval"})
    table = export_table(archive, attributes, descriptors)
    assert np.array_equal(np.stack(table["pool"].to_pylist()), descriptors["pool"])
    assert table["geometry"].null_count == 9
