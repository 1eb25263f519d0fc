"""Members of zip archives, unpacked within a folder and a bound of size."""

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
        A regular expression. A member is wanted if its whole name matches; group 1 becomes its
        path below the folder.
    folder
        Where the members go. After an error, a part of them may be there.
    limit
        The most bytes that the wanted members may have in all.

    Raises
    ------
    InputError
        If the archive is damaged, or has no such member, a link or two files for one path, more
        bytes than the limit, or a path that leads out of the folder.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            wanted = [
                (member, folder / match[1])
                for member in opened.infolist()
                if (match := re.fullmatch(pattern, member.filename)) and not member.is_dir()
            ]
            flaw = _flaw(wanted, folder, limit)
            if flaw is None:
                for member, path in progress(wanted, len(wanted), archive.name, "file"):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with opened.open(member) as packed, path.open("xb") as file:
                        shutil.copyfileobj(packed, file)
                return
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        flaw = f"cannot be unpacked ({error})"  # RuntimeError: with a password
    raise InputError(f"{archive}: {flaw}; get another copy of it")


def _flaw(wanted: Sequence[tuple[zipfile.ZipInfo, Path]], folder: Path, limit: int) -> str | None:
    """Say what speaks against unpacking these members to these paths."""
    if not wanted:
        return "holds none of the files that are looked for"
    for member, path in wanted:
        if not path.resolve().is_relative_to(folder.resolve()):
            return f"{member.filename!r} leads out of the folder"
        if stat.S_ISLNK(member.external_attr >> 16):
            return f"{member.filename!r} is a link"
    if len({path for _, path in wanted}) < len(wanted):
        return "holds two files for one path"
    size = sum(member.file_size for member, _ in wanted)  # zipfile reads no more than this
    if size > limit:
        return f"{size:,} bytes when unpacked, of which {limit:,} are allowed"
    return None
