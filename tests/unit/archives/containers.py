"""Helpers to put a folder of images into one file, in each of the forms that are read."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the content of each file below a folder by its path; not in alphabetical order."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in reversed(files)}


def as_zip(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target.with_suffix(".zip"), "w") as archive:
        for number, (name, content) in enumerate(files_of(folder).items()):
            method = zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED
            archive.writestr(name, content, method)
    return target.with_suffix(".zip")


def as_tar(folder: Path, target: Path) -> Path:
    with tarfile.open(target.with_suffix(".tar"), "w") as archive:
        for name, content in files_of(folder).items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target.with_suffix(".tar")


def as_hdf5(folder: Path, target: Path) -> Path:
    """Write a dataset of bytes for each file."""
    with h5py.File(target.with_suffix(".h5"), "w") as file:
        for name, content in files_of(folder).items():
            file[name] = np.frombuffer(content, np.uint8)
    return target.with_suffix(".h5")


def as_hdf5_rows(folder: Path, target: Path) -> Path:
    """Write one dataset of sequences of bytes, and one of names."""
    files = files_of(folder)
    target = target.with_suffix(".hdf5")
    with h5py.File(target, "w") as file:
        rows = file.create_dataset("data", len(files), dtype=h5py.vlen_dtype(np.uint8))
        for row, content in enumerate(files.values()):
            rows[row] = np.frombuffer(content, np.uint8)
        file["path"] = list(files)
    return target


def as_parquet(folder: Path, target: Path) -> Path:
    """Write bytes and file names, and the class of each image by its number, as hubs do."""
    files = files_of(folder)
    classes = sorted({name.split("/")[0] for name in files})
    table = pa.table(
        {
            "image": [
                {"bytes": content, "path": name.rpartition("/")[2]}
                for name, content in files.items()
            ],
            "label": [classes.index(name.split("/")[0]) for name in files],
        }
    )
    features = {"label": {"names": classes, "_type": "ClassLabel"}, "image": {"_type": "Image"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(
        table.replace_schema_metadata(metadata), target.with_suffix(".parquet"), row_group_size=3
    )
    return target.with_suffix(".parquet")


def as_shards(folder: Path, target: Path) -> Path:
    """Write the same as a folder of two parquet files."""
    whole = pq.read_table(as_parquet(folder, target))
    target.mkdir()
    half = whole.num_rows // 2
    pq.write_table(whole.slice(0, half), target / "train-00000-of-00002.parquet")
    pq.write_table(whole.slice(half), target / "train-00001-of-00002.parquet")
    return target


FORMS: dict[str, Callable[[Path, Path], Path]] = {
    "zip": as_zip,
    "tar": as_tar,
    "hdf5": as_hdf5,
    "hdf5 rows": as_hdf5_rows,
    "parquet": as_parquet,
    "parquet shards": as_shards,
}
