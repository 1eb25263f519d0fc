"""Parquet files with a column of encoded images, as dataset hubs offer them."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rsir.archives.containers.container import Container, DamagedError
from rsir.archives.containers.encoded import PerProcess, with_endings
from rsir.archives.containers.parquet_columns import (
    PARQUET_ERRORS,
    bytes_column,
    parquet_files,
    read_columns,
    readable_parquet,
)
from rsir.core.errors import InputError

CACHED_BYTES = 1 << 28
"""Row groups are decoded whole; each process keeps those that it has used last, up to this size."""


class ParquetArchive(Container):
    """A parquet file, or a folder of such files, each with one column of encoded images.

    The column holds bytes, or structs of `bytes` and `path`. An image is named by this path or by a
    column of names if all names differ, else by its file and row. If the name has no folder and one
    column, such as `label`, holds the class of each image, it is in the folder of its class.

    Raises
    ------
    InputError
        If a file is damaged, has no such column, or several.
    """

    def __init__(self, path: Path) -> None:
        self._files = parquet_files(path)
        self._columns: list[str] = []
        places: list[tuple[int, int, int]] = []
        for number, file in enumerate(self._files):
            with readable_parquet(file):
                metadata = pq.read_metadata(file)
            column = bytes_column(file)
            if column is None:
                raise InputError(
                    f"{file}: has no column of encoded images (bytes, or bytes and path); "
                    "correct root"
                )
            self._columns.append(column)
            for group in range(metadata.num_row_groups):
                rows = metadata.row_group(group).num_rows
                places += [(number, group, row) for row in range(rows)]
        self._places = np.array(places, np.int64).reshape(-1, 3)
        self._groups = PerProcess(lambda: _RowGroups(self._files, self._columns))
        names, _ = read_columns(path)
        super().__init__(path, with_endings(names, self._content(0)[:16] if names else b""))

    def _content(self, row: int) -> bytes:
        number, group, within = self._places[row].tolist()
        try:
            with self._groups.use() as groups:
                content = groups.get(number, group)[within].as_py()
        except PARQUET_ERRORS as error:
            raise DamagedError(" ".join(str(error).split())) from error
        if content is None:
            raise DamagedError("its row has no bytes")
        return bytes(content)


class _RowGroups:
    """The bytes of the images of row groups, of which those that were used last are kept."""

    def __init__(self, files: Sequence[Path], columns: Sequence[str]) -> None:
        self._opened = [pq.ParquetFile(file) for file in files]
        self._columns = columns
        self._kept: OrderedDict[tuple[int, int], pa.ChunkedArray] = OrderedDict()

    def get(self, number: int, group: int) -> pa.ChunkedArray:
        key = number, group
        if key not in self._kept:
            name = self._columns[number]
            read = self._opened[number].read_row_group(group, columns=[name], use_threads=False)
            if name not in read.column_names:
                read = read.flatten()
            self._kept[key] = read[name]
            while len(self._kept) > 1 and self._bytes() > CACHED_BYTES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _bytes(self) -> int:
        return sum(column.nbytes for column in self._kept.values())
