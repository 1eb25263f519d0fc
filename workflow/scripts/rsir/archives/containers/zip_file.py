"""Zip archives: the directory is read once, and each member from its place in the file."""

import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from rsir.archives.containers.container import Container, DamagedError
from rsir.core.errors import InputError

_HEADER = struct.Struct("<4s22xHH")  # of a member: signature, lengths of its name and extra field
_ENCRYPTED = 1  # a bit of the flags
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


class ZipArchive(Container):
    """A zip archive whose members are stored or deflated.

    Raises
    ------
    InputError
        If the file is no complete zip archive, or a member is encrypted, a link, or compressed in
        another way.
    """

    def __init__(self, file: Path) -> None:
        try:
            with zipfile.ZipFile(file) as archive:
                members = [member for member in archive.infolist() if not member.is_dir()]
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
            raise InputError(
                f"{file}: cannot be read as zip ({error}), maybe incomplete; get another copy of it"
            ) from error
        for member in members:
            if flaw := _flaw(member):
                raise InputError(f"{file}: its member {member.filename!r} is {flaw}")
        super().__init__(file, [member.filename for member in members])
        self._places = np.array(
            [(one.header_offset, one.compress_size, one.file_size, one.CRC) for one in members],
            np.int64,
        ).reshape(-1, 4)
        self._deflated = np.array([one.compress_type == zipfile.ZIP_DEFLATED for one in members])
        self._file = file.open("rb")

    def _content(self, row: int) -> bytes:
        offset, packed_size, size, checksum = self._places[row].tolist()
        descriptor = self._file.fileno()
        header = os.pread(descriptor, _HEADER.size, offset)
        if len(header) < _HEADER.size or header[:4] != b"PK\3\4":
            raise DamagedError("it does not begin as a member of a zip archive")
        _, name, extra = _HEADER.unpack(header)
        content = os.pread(descriptor, packed_size, offset + _HEADER.size + name + extra)
        if self._deflated[row]:
            try:
                content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, size + 1)
            except zlib.error as error:
                raise DamagedError(str(error)) from error
        if len(content) != size or zlib.crc32(content) != checksum:
            raise DamagedError("its checksum differs")
        return content


def _flaw(member: zipfile.ZipInfo) -> str | None:
    """Return why a member cannot be read, and what to do, or None."""
    if member.flag_bits & _ENCRYPTED:
        return "encrypted; unpack it with its password and use the folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "a link; unpack the archive and use the folder"
    if member.compress_type not in _METHODS:
        return "neither stored nor deflated; unpack the archive and use the folder"
    return None
