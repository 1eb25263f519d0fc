"""The columns of parquet files of images: bytes, names, classes, and what else they say."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsir.archives.column_names import CLASS_NAMES, SCENE_NAMES, usual_image_columns
from rsir.archives.containers.encoded import ending_of
from rsir.core.errors import InputError, first_few

PARQUET_ERRORS = (pa.ArrowException, OSError, ValueError, KeyError)
"""What pyarrow raises on a damaged file."""

_CLASSES = {*SCENE_NAMES, *CLASS_NAMES, "label", "labels"}


def parquet_files(path: Path) -> list[Path]:
    """Return a parquet file, or those of a folder in the order of their names."""
    return sorted(path.glob("[!.]*.parquet")) if path.is_dir() else [path]


def bytes_column(file: Path) -> str | None:
    """Return the name of the column of encoded images, such as `image.bytes`; None without one.

    Other columns of bytes, such as geometries, do not begin as an image file does.

    Raises
    ------
    InputError
        If the file is damaged, or there are several.
    """
    with readable_parquet(file), pq.ParquetFile(file) as opened:
        candidates = _bytes_columns(opened.schema_arrow)
        if not candidates:
            return None
        batch = next(opened.iter_batches(1, columns=candidates, use_threads=False), None)
        first = {} if batch is None else _flattened(pa.Table.from_batches([batch]))
    found = [name for name in candidates if name in first and ending_of(first[name][0].as_py())]
    if len(found) > 1:
        raise InputError(
            f"{file}: has several columns of images, {first_few(found)}; keep one of them"
        )
    return found[0] if found else None


def is_parquet_of_images(path: Path) -> bool:
    """Return whether a parquet file, or the first of a folder, has a column of encoded images."""
    file = next(iter(parquet_files(path)), None)
    if file is None or not file.is_file():
        return False
    with file.open("rb") as opened:
        if opened.read(4) != b"PAR1":
            return False
    return bytes_column(file) is not None


def read_columns(path: Path) -> tuple[list[str], dict[str, list[Any]]]:
    """Read all but the bytes of the images.

    Parameters
    ----------
    path
        A parquet file with a column of images, or a folder of such files.

    Returns
    -------
    list of str
        The name of each image, with the folder of its class, if it has one; see
        `rsir.archives.containers.parquet_files`.
    dict
        The values of the columns that are not of bytes, maps or structs, by name. Numbers of
        classes are replaced by the names of these, if the file has them.

    Raises
    ------
    InputError
        If a file is damaged, or the columns of the files differ.
    """
    values: dict[str, list[Any]] = {}
    origins: list[str] = []
    paths: list[str | None] = []
    for file in parquet_files(path):
        with readable_parquet(file):
            schema = pq.read_schema(file)
            own = _plain_columns(schema)
            image = (bytes_column(file) or "").removesuffix(".bytes")
            read = pq.ParquetFile(file).read(columns=[*own, f"{image}.path"])
        if origins and own != list(values):
            raise InputError(f"{file}: its columns are not those of the other files; remove it")
        classes = _class_names(schema)
        for name in own:
            column = _with_classes(read[name].to_pylist(), classes.get(name))
            values.setdefault(name, []).extend(column)
        origins += [f"{file.stem}-{row:06}" for row in range(read.num_rows)]
        structs = read[image].to_pylist() if image in read.column_names else []
        paths += [one and one.get("path") for one in structs] or [None] * read.num_rows
    return _names(paths, values, origins), values


@contextmanager
def readable_parquet(file: Path) -> Iterator[None]:
    """Turn the errors of reading a damaged file into InputError."""
    try:
        yield
    except PARQUET_ERRORS as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{file}: cannot be read as parquet ({reason:.200}); get another copy of it"
        ) from error


def _bytes_columns(schema: pa.Schema) -> list[str]:
    """Return the names of the columns of bytes, and of the fields `bytes` of structs."""
    names = [field.name for field in schema if _is_binary(field.type)]
    for field in schema:
        if pa.types.is_struct(field.type):
            inner = field.type.get_field_index("bytes")
            if inner >= 0 and _is_binary(field.type.field(inner).type):
                names.append(f"{field.name}.bytes")
    return names


def _flattened(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    """Return the columns of a table by name, with the fields of structs as columns."""
    flat = table.flatten()
    return dict(zip(flat.column_names, flat.columns, strict=True))


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _plain_columns(schema: pa.Schema) -> list[str]:
    return [
        field.name
        for field in schema
        if not (_is_binary(field.type) or pa.types.is_struct(field.type))
        and not pa.types.is_map(field.type)
        and not field.name.startswith("__index_level_")
    ]


def _class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the names of the classes of each column of numbers, from the metadata of a hub."""
    try:
        metadata = json.loads((schema.metadata or {})[b"huggingface"])
        features = metadata["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    names = {}
    for column, feature in features.items():
        inner = feature[0] if isinstance(feature, list) and feature else feature
        inner = inner.get("feature", inner) if isinstance(inner, dict) else {}
        if isinstance(inner, dict) and isinstance(inner.get("names"), list):
            names[column] = [str(name) for name in inner["names"]]
    return names


def _with_classes(values: list[Any], names: list[str] | None) -> list[Any]:
    """Replace numbers of classes, and those in lists, by the names."""
    if names is None:
        return values

    def named(value: Any) -> Any:
        if isinstance(value, list):
            return [named(one) for one in value]
        known = isinstance(value, int) and 0 <= value < len(names)
        return names[value] if known else value

    return [named(value) for value in values]


def _names(
    paths: Sequence[str | None], values: dict[str, list[Any]], origins: Sequence[str]
) -> list[str]:
    """Return the name of each image: its path, the name in a column, or its file and row."""
    texts = [name for name, column in values.items() if all(isinstance(v, str) for v in column)]
    candidates = [paths, *(values[name] for name in usual_image_columns(texts))]
    names = next((one for one in candidates if all(one) and len(set(one)) == len(one)), origins)
    folders = [str(one) for one in _classes(values)] or [""] * len(names)
    return [
        str(PurePosixPath(folder, str(name))) if "/" not in str(name) else str(name)
        for folder, name in zip(folders, names, strict=True)
    ]


def _classes(values: dict[str, list[Any]]) -> list[Any]:
    """Return the class of each image, if one column holds exactly one for each."""
    found = [
        column
        for name, column in values.items()
        if name.casefold() in _CLASSES
        and all(isinstance(one, int) or (isinstance(one, str) and _is_one(one)) for one in column)
    ]
    return found[0] if len(found) == 1 else []


def _is_one(label: str) -> bool:
    return bool(label) and not set(label) & set("/,;|")
