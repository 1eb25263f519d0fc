"""Safe unpacking of tar archives, which may come in parts: within a folder, without links."""

import re
import shutil
import tarfile
import zlib
from collections.abc import Sequence
from io import RawIOBase
from lzma import LZMAError
from pathlib import Path
from typing import IO, Any

from rsir.core.errors import InputError
from rsir.core.progress import counting


def unpack_tar(parts: Sequence[Path], pattern: str, folder: Path, limit: int) -> None:
    """Unpack some members of a tar archive, compressed or not, in one pass.

    Parameters
    ----------
    parts
        The files whose contents, one after another, are the archive.
    pattern
        A regular expression. Members whose full name matches are unpacked; group 1 is the path
        below the folder.
    folder
        The target folder. After an error, some of the members may exist.
    limit
        Maximum total size of these members in bytes.

    Raises
    ------
    InputError
        If the archive is damaged or has no such member, or if these members have a link or another
        special file, two files for one path, a path outside the folder, or more bytes than the
        limit.
    """
    name = parts[0].name
    try:
        with (
            _Joined(parts) as joined,
            tarfile.open(fileobj=joined, mode="r|*") as archive,
            counting(None, name, "file") as advance,
        ):
            size = count = 0
            for member in archive:
                match = re.fullmatch(pattern, member.name)
                if match is None or member.isdir():
                    continue
                size += member.size
                if flaw := _flaw(member, folder, folder / match[1], size, limit):
                    break
                _write(archive.extractfile(member), folder / match[1])
                count += 1
                advance(1)
            else:
                flaw = None if count else "has none of the expected files"
    except FileExistsError as error:
        flaw = f"has two files for {Path(error.filename).relative_to(folder)}"
    except (tarfile.TarError, zlib.error, EOFError, LZMAError, OSError) as error:
        if getattr(error, "errno", None):
            raise
        flaw = f"cannot be unpacked ({' '.join(str(error).split())})"
    if flaw:
        raise InputError(f"{parts[0]}: {flaw}; get another copy of it")


def _flaw(member: tarfile.TarInfo, folder: Path, path: Path, size: int, limit: int) -> str | None:
    """Return why a member cannot be unpacked to a path, or None."""
    if not path.resolve().is_relative_to(folder.resolve()):
        return f"{member.name!r} leads outside the folder"
    if not member.isfile():
        return f"{member.name!r} is a link or another special file"
    if size > limit:
        return f"more bytes when unpacked than the limit of {limit:,}"
    return None


def _write(packed: IO[bytes] | None, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        if packed is not None:
            shutil.copyfileobj(packed, file)


class _Joined(RawIOBase):
    """The contents of several files as one stream."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._waiting = list(paths)
        self._file: IO[bytes] | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._waiting or self._file:
            self._file = self._file or self._waiting.pop(0).open("rb")
            block = self._file.read(len(buffer))
            if block:
                buffer[: len(block)] = block
                return len(block)
            self._file.close()
            self._file = None
        return 0

    def close(self) -> None:
        if self._file:
            self._file.close()
        super().close()
