"""Tar archives that are not compressed: an index of members is made once and remembered."""

import os
import tarfile
from pathlib import Path

import numpy as np

from rsir.archives.containers.container import Container, DamagedError
from rsir.core.errors import InputError
from rsir.core.progress import counting
from rsir.core.remembered import remembered

Index = dict[str, list[list[int]] | list[str]]
"""The `names` of the members and the `places`, offset and size, of their contents."""


class TarArchive(Container):
    """A tar archive, which ends with an empty block.

    Raises
    ------
    InputError
        If it is damaged or incomplete, or a member is a link or another special file.
    """

    def __init__(self, file: Path) -> None:
        index = remembered(file, "tar_index", _index)
        super().__init__(file, [str(name) for name in index["names"]])
        self._places = np.array(index["places"], np.int64).reshape(-1, 2)
        self._file = file.open("rb")

    def _content(self, row: int) -> bytes:
        offset, size = self._places[row].tolist()
        content = os.pread(self._file.fileno(), size, offset)
        if len(content) != size:
            raise DamagedError("it is cut off")
        return content


def _index(file: Path) -> Index:
    names: list[str] = []
    places: list[list[int]] = []
    try:
        with (
            tarfile.open(file, "r:") as archive,
            counting(None, f"index of {file.name}", "file") as advance,
        ):
            while member := archive.next():
                archive.members = []  # type: ignore[attr-defined] # else all stay in memory
                if member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    raise InputError(
                        f"{file}: its member {member.name!r} is a link or another special file; "
                        "unpack the archive and use the folder"
                    )
                names.append(member.name)
                places.append([member.offset_data, member.size])
                advance(1)
    except tarfile.TarError as error:
        raise InputError(
            f"{file}: cannot be read as tar ({error}), maybe incomplete; get another copy of it"
        ) from error
    end = sum(places[-1]) if places else 0
    if file.stat().st_size < end + -end % tarfile.BLOCKSIZE + tarfile.BLOCKSIZE:
        raise InputError(f"{file}: incomplete; get another copy of it")
    return {"names": names, "places": places}
