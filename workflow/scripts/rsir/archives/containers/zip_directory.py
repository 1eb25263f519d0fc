"""The central directory of a zip archive, read into arrays.

`zipfile` makes an object of 640 bytes for each member, which each job of a large archive would
keep. The form is that of section 4.3 of the ZIP file format specification, `zip64` included.
"""

import os
import stat
import struct
import zipfile
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_END = struct.Struct("<4s8xLLH")  # signature, bytes and offset of the directory, bytes of a comment
_END64_PLACE = struct.Struct("<4s16x")  # signature; what it leads to stands before it
_END64 = struct.Struct("<4s36xQQ")  # signature, bytes and offset of the directory
_ENTRY = struct.Struct("<4sxxHHH4xLLLHHH4xLL")  # of a member
_LONGEST_COMMENT = 1 << 16
_HELD_IN_EXTRA = 0xFFFFFFFF
_ENCRYPTED, _UTF8 = 1, 1 << 11  # bits of the flags
_LATEST_VERSION = 63  # of the specification


@dataclass(frozen=True)
class Directory:
    """The members of a zip archive, without folders.

    Attributes
    ----------
    names
        Their names, as they are written.
    places
        (N, 4) offset, size in the archive, size and checksum (CRC-32) of each.
    deflated
        (N,) whether each is deflated rather than stored.
    flaws
        Why a member cannot be read and what to do, by its name.
    """

    names: list[str]
    places: NDArray[np.int64]
    deflated: NDArray[np.bool_]
    flaws: dict[str, str]


def read_directory(path: Path) -> Directory:
    """Read the central directory of a zip archive.

    Raises
    ------
    zipfile.BadZipFile
        If the file is no complete zip archive.
    """
    with path.open("rb") as file:
        directory, shift = _directory_of(file)
    names: list[str] = []
    places, deflated = array("q"), array("b")
    flaws: dict[str, str] = {}
    start = 0
    while start < len(directory):
        if start + _ENTRY.size > len(directory):
            raise zipfile.BadZipFile("truncated central directory")
        (
            signature,
            version,
            flags,
            method,
            checksum,
            packed,
            size,
            *lengths,
            attributes,
            offset,
        ) = _ENTRY.unpack_from(directory, start)
        if signature != b"PK\1\2":
            raise zipfile.BadZipFile("bad magic number for central directory")
        if version & 0xFF > _LATEST_VERSION:
            raise zipfile.BadZipFile(f"version {(version & 0xFF) / 10:.1f} of the format")
        first = start + _ENTRY.size
        last = first + lengths[0]
        written = directory[first:last].decode("utf-8" if flags & _UTF8 else "cp437")
        name = written.partition("\0")[0]
        if _HELD_IN_EXTRA in (size, packed, offset):
            extra = directory[last : last + lengths[1]]
            size, packed, offset = _long_numbers(extra, (size, packed, offset))
        start = last + lengths[1] + lengths[2]
        if name.endswith("/"):
            continue
        if flaw := _flaw(flags, method, attributes):
            flaws[name] = flaw
        names.append(name)
        places.extend((offset + shift, packed, size, checksum))
        deflated.append(method == zipfile.ZIP_DEFLATED)
    return Directory(
        names,
        np.frombuffer(places, np.int64).reshape(-1, 4),
        np.frombuffer(deflated, np.int8).astype(bool),
        flaws,
    )


def _directory_of(file: BinaryIO) -> tuple[bytes, int]:
    """Return the central directory, and how many bytes stand before the archive in its file."""
    length = file.seek(0, os.SEEK_END)
    beginning = max(0, length - _LONGEST_COMMENT - _END.size)
    file.seek(beginning)
    tail = file.read()
    found = tail.rfind(b"PK\5\6")
    if found < 0 or len(tail) < found + _END.size:
        raise zipfile.BadZipFile("it has no end of its directory")
    _, size, offset, _ = _END.unpack_from(tail, found)
    end = beginning + found
    file.seek(max(0, end - _END64_PLACE.size))
    (signature,) = _END64_PLACE.unpack(file.read(_END64_PLACE.size).ljust(_END64_PLACE.size))
    if signature == b"PK\6\7":
        end -= _END64_PLACE.size + _END64.size
        file.seek(max(0, end))
        signature, size, offset = _END64.unpack(file.read(_END64.size).ljust(_END64.size))
        if signature != b"PK\6\6":
            raise zipfile.BadZipFile("corrupt zip64 end of its directory")
    shift = end - size - offset
    if shift < 0:
        raise zipfile.BadZipFile("bad offset of its directory")
    file.seek(end - size)
    return file.read(size), shift


def _long_numbers(extra: bytes, numbers: tuple[int, ...]) -> list[int]:
    """Return the numbers of an entry, those that do not fit into 32 bits from its extra field."""
    start = 0
    while start + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, start)
        if kind == 1:
            count = sum(number == _HELD_IN_EXTRA for number in numbers)
            if length < 8 * count or len(extra) < start + 4 + 8 * count:
                break
            longer = iter(struct.unpack_from(f"<{count}Q", extra, start + 4))
            return [next(longer) if one == _HELD_IN_EXTRA else one for one in numbers]
        start += 4 + length
    raise zipfile.BadZipFile("corrupt zip64 extra field")


def _flaw(flags: int, method: int, attributes: int) -> str | None:
    """Return why a member cannot be read, and what to do, or None."""
    if flags & _ENCRYPTED:
        return "encrypted; unpack it with its password and use the folder"
    if stat.S_ISLNK(attributes >> 16):
        return "a link; unpack the archive and use the folder"
    if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "neither stored nor deflated; unpack the archive and use the folder"
    return None
