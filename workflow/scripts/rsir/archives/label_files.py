"""Label tables in parquet and JSON, and which kind of file holds a table."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from rsir.archives.containers.member import Location
from rsir.archives.containers.parquet_columns import is_parquet_of_images, read_columns
from rsir.archives.label_columns import TableSettings, image_columns
from rsir.archives.text_tables import read_text, read_text_table
from rsir.core.errors import InputError, first_few

_JSON_ENDINGS = ("_labels_metadata",)
"""What follows the image's name in the name of its JSON file, in some archives."""


def read_label_file(path: Location, settings: TableSettings) -> tuple[pd.DataFrame, str]:
    """Read a label table, or a folder of JSON files, one for each image.

    Returns
    -------
    DataFrame
        Columns of text, or of lists of names where the file has lists.
    str
        The kind of file, for the log.

    Raises
    ------
    InputError
        If it cannot be read as one of these.
    """
    if isinstance(path, Path) and is_parquet_of_images(path):
        return _read_parquet_of_images(path), "parquet"
    if path.is_dir():
        return _frame(_read_folder(path), path), "a JSON file for each image"
    if not path.is_file():
        raise InputError(f"{path}: no such file; put it there or correct the path")
    with path.open("rb") as file:
        beginning = file.read(100)
    if beginning.startswith(b"PAR1"):
        return _read_parquet(path), "parquet"
    if beginning.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"{", b"[")):
        return _frame(_read_json(path), path), "JSON"
    table = read_text_table(
        path,
        lambda header: bool(image_columns(header, settings)),
        settings.image_column or "image",
        ", or set image_column to the column of the file names",
    )
    return table, "text"


def _read_parquet(path: Location) -> pd.DataFrame:
    try:
        table = pq.read_table(path if isinstance(path, Path) else path.open())
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: cannot be read as parquet ({reason}); replace the file"
        ) from error
    columns: dict[str, list[Any]] = {}
    for name in table.column_names:
        kind = str(table.schema.field(name).type)
        if kind.endswith("binary") or kind.startswith(("struct", "map")):
            continue  # such as the pixels of the images, or a geometry
        if not name.startswith("__index_level_"):
            columns[name] = [_cell(value) for value in table[name].to_pylist()]
    if not columns or not table.num_rows:
        raise InputError(f"{path}: no rows or no columns of text, numbers or lists; add them")
    return pd.DataFrame(columns)


def _read_parquet_of_images(path: Path) -> pd.DataFrame:
    names, columns = read_columns(path)
    cells = {name: list(map(_cell, values)) for name, values in columns.items()}
    return pd.DataFrame({**cells, "image": names})


def _read_folder(folder: Location) -> Iterator[dict[str, Any]]:
    files: list[Location] = sorted(folder.rglob("*.json"))
    files = [file for file in files if not file.name.startswith(".")]
    if not files:
        raise InputError(f"{folder}: a folder without JSON files; name the file of the labels")
    start = f"{folder}/"
    names = [str(file).removeprefix(start).removesuffix(".json") for file in files]
    for ending in _JSON_ENDINGS:
        names = [name.removesuffix(ending) for name in names]
    bare = [name.rpartition("/")[2] for name in names]
    names = bare if len(set(bare)) == len(bare) else names
    for name, file in zip(names, files, strict=True):
        yield {"image": name, **_record(_parse(file.read_bytes(), file), file)}


def _read_json(path: Location) -> Iterator[dict[str, Any]]:
    """Yield a record for each image of a JSON file."""
    content = _parse(read_text(path).encode(), path)
    if isinstance(content, list):
        for item in content:
            if not isinstance(item, dict):
                raise InputError(
                    f"{path}: {str(item)[:60]!r} is no record of an image; name image and labels"
                )
            yield _record(item, path)
    else:
        for image, item in content.items():
            yield {"image": image, **_record(item, path)}


def _record(item: Any, path: Location) -> dict[str, Any]:
    """Return what is said of an image as cells by column; a list alone holds its labels."""
    if isinstance(item, str | list):
        return {"labels": item}
    if not isinstance(item, dict):
        raise InputError(
            f"{path}: {str(item)[:60]!r} is not the labels of an image; write a list of names"
        )
    record: dict[str, Any] = {}
    for key, value in item.items():
        if isinstance(value, dict):
            record |= {f"{key}.{inner}": deeper for inner, deeper in value.items()}
        else:
            record[key] = value
    return record


def _frame(records: Iterator[dict[str, Any]], path: Location) -> pd.DataFrame:
    rows = [{name: _cell(value) for name, value in record.items()} for record in records]
    if not rows:
        raise InputError(f"{path}: no images; add their labels")
    names = list(dict.fromkeys(name for row in rows for name in row))
    lists = {name for row in rows for name, value in row.items() if isinstance(value, list)}
    return pd.DataFrame(
        {name: [row.get(name, [] if name in lists else "") for row in rows] for name in names}
    )


def _cell(value: Any) -> Any:
    """Return a value as text, or as a list; what is missing is empty."""
    if isinstance(value, list):
        return value
    if value is None or value != value:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def _parse(content: bytes, path: Location) -> Any:
    """Parse JSON, or a JSON value in each line."""
    try:
        text = content.decode("utf-8-sig")
        try:
            return json.loads(text, object_pairs_hook=_unique)
        except json.JSONDecodeError:
            lines = [line for line in text.splitlines() if line.strip()]
            if len(lines) < 2:
                raise
            return [json.loads(line, object_pairs_hook=_unique) for line in lines]
    except RecursionError:
        raise InputError(
            f"{path}: not JSON that can be read (nested too deep); replace it"
        ) from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON that can be read ({error}); correct it") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that occurs twice; Python would silently take the last."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = [name for index, name in enumerate(names) if name in names[:index]]
        raise ValueError(f"{first_few(twice)} occurs twice")
    return dict(pairs)
