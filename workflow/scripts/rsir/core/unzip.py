"""Safe unpacking of zip archives: within a folder, without links, up to a maximum size."""

import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from rsir.core.errors import InputError
from rsir.core.progress import progress


def unpack(archive: Path, pattern: str, folder: Path, limit: int) -> None:
    """Unpack some members of a zip archive.

    Parameters
    ----------
    archive
        The zip archive.
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
        If the archive is damaged or has no such member, or if these members have a link, two files
        for one path, a path outside the folder, or more bytes than the limit.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [
                (member, folder / match[1])
                for member in opened.infolist()
                if (match := re.fullmatch(pattern, member.filename)) and not member.is_dir()
            ]
            flaw = _flaw(members, folder, limit)
            if flaw is None:
                for member, path in progress(members, len(members), archive.name, "file"):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with opened.open(member) as packed, path.open("xb") as file:
                        shutil.copyfileobj(packed, file)
                return
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        flaw = f"cannot be unpacked ({error})"  # RuntimeError: with a password
    raise InputError(f"{archive}: {flaw}; get another copy of it")


def _flaw(members: Sequence[tuple[zipfile.ZipInfo, Path]], folder: Path, limit: int) -> str | None:
    """Return why these members cannot be unpacked to these paths, or None."""
    if not members:
        return "has none of the expected files"
    for member, path in members:
        if not path.resolve().is_relative_to(folder.resolve()):
            return f"{member.filename!r} leads outside the folder"
        if stat.S_ISLNK(member.external_attr >> 16):
            return f"{member.filename!r} is a link"
    if len({path for _, path in members}) < len(members):
        return "has two files for one path"
    size = sum(member.file_size for member, _ in members)  # zipfile reads no more than this
    if size > limit:
        return f"{size:,} bytes when unpacked, more than the limit of {limit:,}"
    return None
