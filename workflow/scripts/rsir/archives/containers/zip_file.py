"""Zip archives: the directory is read once, and each member from its place in the file."""

import os
import struct
import zipfile
import zlib
from pathlib import Path

from rsir.archives.containers.container import Container, DamagedError
from rsir.archives.containers.zip_directory import read_directory
from rsir.core.errors import InputError

_HEADER = struct.Struct("<4s22xHH")  # of a member: signature, lengths of its name and extra field


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
            directory = read_directory(file)
        except (zipfile.BadZipFile, ValueError) as error:
            raise InputError(
                f"{file}: cannot be read as zip ({error}), maybe incomplete; get another copy of it"
            ) from error
        if directory.flaws:
            name, flaw = next(iter(directory.flaws.items()))
            raise InputError(f"{file}: its member {name!r} is {flaw}")
        super().__init__(file, directory.names)
        self._places, self._deflated = directory.places, directory.deflated
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
