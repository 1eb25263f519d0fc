"""Tiny archives in the layouts of the named ones, with real label names and made pixels."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
from PIL import Image
from rasterio import Affine

from rsir.archives.facts import archive_facts

S2_SIZES = {"B01": 2, "B02": 12, "B03": 12, "B04": 12, "B05": 6, "B06": 6, "B07": 6, "B08": 12}
S2_SIZES |= {"B8A": 6, "B09": 2, "B11": 6, "B12": 6}
S1_SIZES = {"VV": 12, "VH": 12}


def write_picture(path: Path, seed: int = 0) -> None:
    """Write a picture of noise in the format of its ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def write_label_table(
    root: Path, kind: str, images: Mapping[str, Sequence[str]], header: str = r"IMAGE\LABEL"
) -> Path:
    """Write an archive with a 0/1 table: its images by their path, each with its labels."""
    facts = archive_facts({"kind": kind})
    file = root / facts["tables"][0]
    root.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened, delimiter="\t" if file.suffix == ".txt" else ",")
        rows.writerow([header, *facts["labels"]])
        for seed, (path, labels) in enumerate(images.items()):
            write_picture(root / path, seed)
            rows.writerow([Path(path).stem, *(int(name in labels) for name in facts["labels"])])
    return file


def write_raster(path: Path, bands: np.ndarray, **options: Any) -> None:
    """Write bands (C, H, W) as a GeoTIFF of 10 m pixels in zone 33 of UTM."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = bands.shape
    place = Affine(120 / width, 0, 404400, 0, -120 / height, 5342400)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype=bands.dtype,
        crs="EPSG:32633",
        transform=place,
        **options,
    ) as raster:
        raster.write(bands)


def write_patch(folder: Path, sizes: Mapping[str, int], seed: int, **options: Any) -> None:
    """Write the bands of a patch of BigEarthNet, a file each."""
    values = np.random.default_rng(seed)
    for band, size in sizes.items():
        pixels = values.integers(1, 3000, (1, size, size)).astype("uint16")
        if sizes is S1_SIZES:
            pixels = -pixels.astype("float32") / 100
        write_raster(folder / f"{folder.name}_{band}.tif", pixels, **options)


def write_bigearthnet_1(
    root: Path, patches: Mapping[str, Sequence[str]], pairs: Mapping[str, str] | None = None
) -> None:
    """Write patches of version 1, each with its labels, and the Sentinel-1 patches of some."""
    for seed, (patch, labels) in enumerate(patches.items()):
        folder = root / "BigEarthNet-v1.0" / patch
        write_patch(folder, S2_SIZES, seed)
        metadata = {
            "labels": list(labels),
            "tile_source": "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE",
            "acquisition_date": "2017-06-13 10:10:31",
        }
        write_json(folder / f"{patch}_labels_metadata.json", metadata)
    for seed, (patch, partner) in enumerate((pairs or {}).items()):
        folder = root / "BigEarthNet-S1-v1.0" / patch
        write_patch(folder, S1_SIZES, seed)
        metadata = {
            "labels": list(patches[partner]),
            "corresponding_s2_patch": partner,
            "acquisition_time": "2017-06-13T16:50:43",
        }
        write_json(folder / f"{patch}_labels_metadata.json", metadata)


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def write_bigearthnet_2(root: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write patches of version 2 with their metadata; `present: False` writes no folders."""
    for seed, row in enumerate(rows):
        if row.get("present", True):
            tile = row["patch_id"].rsplit("_", 2)[0]
            scene = row["s1_name"].rsplit("_", 3)[0]
            s2 = root / "BigEarthNet-S2" / tile / row["patch_id"]
            s1 = root / "BigEarthNet-S1" / scene / row["s1_name"]
            write_patch(s2, S2_SIZES, seed, nodata=0)
            write_patch(s1, S1_SIZES, seed)
    return write_metadata(root / "metadata.parquet", rows)


def write_metadata(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write the metadata of version 2, with defaults for what a row lacks."""
    defaults = {"split": "train", "country": "Austria", "s2v1_name": ""}
    flags = {"contains_seasonal_snow": False, "contains_cloud_or_shadow": False}
    whole = [{**defaults, **flags, **row} for row in rows]
    for row in whole:
        row.pop("present", None)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(whole), path)
    return path
