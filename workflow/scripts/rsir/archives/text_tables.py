"""Tables in text files: their encoding, separator and column names."""

import csv
import io
import re
from collections.abc import Callable

import pandas as pd

from rsir.archives.containers.member import Location
from rsir.archives.csv_rows import check_header, parse_rows
from rsir.core.errors import InputError, first_few

SEPARATORS = (",", ";", "\t", "|")

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""Byte order marks and the encodings that they stand for."""

_OTHER_FILES = (
    (b"PK\x03\x04", "an Excel file or a zip archive", "save the sheet as CSV, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "an Excel file", "save the sheet as CSV"),
    (b"\x1f\x8b", "compressed by gzip", "unpack it"),
    (b"BZh", "compressed by bzip2", "unpack it"),
    (b"\xfd7zXZ\x00", "compressed by xz", "unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"Rar!", "a rar archive", "unpack it"),
    (b"MATLAB 5.0", "a MATLAB file", "export the labels as CSV"),
    (b"\x89HDF", "an HDF5 file", "export the labels as CSV"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
    (b"%PDF", "a PDF file", "put the labels into a CSV file"),
)
"""First bytes of files that are no text, what they are, and what to do."""

_LINE = re.compile(r"[^\r\n]*(\r\n|\r|\n)?")
_LONGEST_HEADER = 1_000_000  # characters


def read_text(path: Location) -> str:
    """Read a text file in UTF-8, or in UTF-16 or UTF-32 with a byte order mark.

    Raises
    ------
    InputError
        If the file does not exist or is not such a text.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; put it there or correct the path")
    content = path.read_bytes()
    for beginning, what, remedy in _OTHER_FILES:
        if content.startswith(beginning):
            raise InputError(f"{path}: not text but {what}; {remedy}")
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
        raise InputError(f"{path}: not {name} ({error}); save it as UTF-8") from error
    if "\0" in text:
        raise InputError(
            f"{path}: has zero bytes, as binary files or UTF-16 without a byte order mark have; "
            "save it as text in UTF-8"
        )
    return text


def read_text_table(
    path: Location, has_image: Callable[[list[str]], bool], wanted: str = "image", remedy: str = ""
) -> pd.DataFrame:
    """Read a table as text, cell by cell, without the spaces around cells.

    Comment lines (`#`) above the column names, an index column and empty columns without a name
    are left out.

    Parameters
    ----------
    path
        The file; separated by comma, semicolon, tab or `|`.
    has_image
        Whether column names include that of the images. It decides which separator is meant.
    wanted, remedy
        The name of that column, and what else to do if there is none, for the message.

    Raises
    ------
    InputError
        If it is not such a table.
    """
    text = read_text(path)
    if not text.strip():
        raise InputError(f"{path}: empty; it needs a line of column names, then rows")
    if text.lstrip()[:1] == "<":
        raise InputError(f"{path}: a page (HTML or XML), not a table; get the file itself")
    text, separator = _table_of(text, path, has_image)
    rows = parse_rows(text, separator, path).map(str.strip)
    header = list(rows.iloc[0])
    if not has_image(header):
        if any(cell.casefold() in ("0", "1", "true", "false") for cell in header):
            raise InputError(
                f"{path}: the first line has no column names but {first_few(header)}; add a first "
                "line such as image,scene,trees,water"
            )
        raise InputError(
            f"{path}: no column {wanted!r} among {first_few(header)}; name the columns in the "
            f"first line{remedy}"
        )
    _check_lengths(text, separator, rows, path)
    kept = [index for index in range(rows.shape[1]) if not _negligible(index, rows[index])]
    rows = rows[kept]
    header = list(rows.iloc[0])
    check_header(header, path)
    if len(rows) == 1:
        raise InputError(f"{path}: no rows below the column names; add one for each image")
    return rows.iloc[1:].set_axis(header, axis="columns").reset_index(drop=True)


def _table_of(text: str, path: Location, has_image: Callable[[list[str]], bool]) -> tuple[str, str]:
    """Return the text from the line of column names on, and the separator.

    Lines above it may be empty or begin with `#`. Where no line names the images, it is the first
    other line, and the separator is the one that gives most columns.
    """
    start = 0
    while True:
        line = _LINE.match(text, start)
        first, end = (line[0].strip(), line.end()) if line else ("", len(text))
        if stated := re.fullmatch(r'"?sep=([,;\t|])"?', first):  # a hint to Excel
            return text[end:], stated[1]
        beginning = text[start : start + _LONGEST_HEADER]
        headers = {separator: _first_row(beginning, separator) for separator in SEPARATORS}
        fitting = [separator for separator in SEPARATORS if has_image(headers[separator])]
        widest = max(SEPARATORS, key=lambda separator: len(headers[separator]))
        if len(fitting) > 1 and len(headers[widest]) > 1:
            raise InputError(
                f"{path}: the columns may be separated by {first_few(fitting)}; quote the names "
                "that have one of these in them"
            )
        is_comment = not first or first.startswith("#")
        if fitting or not is_comment or end == len(text):
            return text[start:], fitting[0] if fitting else widest
        start = end


def _first_row(text: str, separator: str) -> list[str]:
    try:
        row = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in row]


def _negligible(index: int, column: pd.Series) -> bool:
    """Return whether a column has no name and no cells, or is a first column of row numbers."""
    name, cells = column.iloc[0], list(column.iloc[1:])
    if name and not re.fullmatch(r"Unnamed: \d+", name):
        return False
    numbers = [list(map(str, range(start, start + len(cells)))) for start in (0, 1)]
    return not any(cells) or (index == 0 and cells in numbers)


def _check_lengths(text: str, separator: str, rows: pd.DataFrame, path: Location) -> None:
    """Raise InputError if a line has fewer cells than the header; pandas would add empty ones."""
    if (rows.iloc[:, -1] != "").all():
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    for cells in reader:
        if len(cells) < rows.shape[1] and "".join(cells).strip():
            raise InputError(
                f"{path}: line {reader.line_num} has {len(cells)} of {rows.shape[1]} cells; give "
                "each row all columns"
            )
