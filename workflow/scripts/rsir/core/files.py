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
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in path.parent.glob(f".{glob.escape(path.stem)}.*.partial{path.suffix}"):
            leftover.unlink(missing_ok=True)
        yield partial
        partial.replace(path)
    except InputError:
        raise
    except Exception as error:
        if reason := _why_unwritable(error, path):
            raise MachineError(f"{path}: {reason}") from error
        raise
    finally:
        partial.unlink(missing_ok=True)


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


def _why_unwritable(error: Exception, path: Path) -> str | None:
    """Return why the disk could not be written to, or None; each library has its own error."""
    for number, reason in _UNWRITABLE.items():
        if getattr(error, "errno", None) == number or os.strerror(number) in str(error):
            return reason
    full = path.parent.exists() and shutil.disk_usage(path.parent).free < _MINIMUM_FREE
    return _UNWRITABLE[errno.ENOSPC] if full else None
