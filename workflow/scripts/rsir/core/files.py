"""Files that are written completely or not at all, and their digests."""

import errno
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from rsir.core.errors import InputError, MachineError

_MINIMUM_FREE = 1 << 16  # bytes; a disk with less counts as full, whatever the error
_UNWRITABLE = {
    errno.ENOSPC: "the disk is full; make room and run again",
    errno.EDQUOT: "the disk quota is used up; make room and run again",
    errno.EROFS: "the file system is read-only; use a writable folder",
    errno.EACCES: "no permission to write; use a writable folder",
}


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path that is renamed to `path` if the block succeeds, else removed.

    The temporary file is in the folder of `path`, so the rename stays within one file system, and
    has the suffix of `path`, since writers choose a format by it. Temporary files that killed
    processes left for the same path are removed.

    Raises
    ------
    MachineError
        If the disk is full or cannot be written to.
    """
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        with _writing(path, path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            for leftover in path.parent.glob(f".{glob.escape(path.stem)}.*.partial{path.suffix}"):
                leftover.unlink(missing_ok=True)
            yield partial
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def scratch_file(folder: Path) -> Iterator[BinaryIO]:
    """Yield a temporary file without a name, which takes space in `folder` until the block ends.

    Raises
    ------
    MachineError
        If the disk is full or cannot be written to.
    """
    with _writing(folder, folder), TemporaryFile(dir=folder) as file:
        yield file


def discard_previous(path: Path) -> None:
    """Remove the previous version of an output, which `workflow/rules/previous.smk` keeps."""
    previous = path.with_name(f".previous.{path.name}")
    if previous.is_dir():
        shutil.rmtree(previous)
    else:
        previous.unlink(missing_ok=True)


def optional(paths: Sequence[str]) -> Path | None:
    """Return the only path of a list, or None for an empty one."""
    return Path(*paths) if paths else None


def sha256(path: Path) -> str:
    """Return the SHA-256 digest of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5(path: Path) -> str:
    """Return the MD5 digest of a file as 32 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


@contextmanager
def _writing(path: Path, folder: Path) -> Iterator[None]:
    """Turn what libraries raise if a path in a folder cannot be written into MachineError."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if reason := _why_unwritable(error, folder):
            raise MachineError(f"{path}: {reason}") from error
        raise


def _why_unwritable(error: Exception, folder: Path) -> str | None:
    """Return why a folder could not be written to, or None."""
    for number, reason in _UNWRITABLE.items():
        if getattr(error, "errno", None) == number or os.strerror(number) in str(error):
            return reason
    full = folder.exists() and shutil.disk_usage(folder).free < _MINIMUM_FREE
    return _UNWRITABLE[errno.ENOSPC] if full else None
