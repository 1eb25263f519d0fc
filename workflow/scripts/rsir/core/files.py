"""Files that appear whole or not at all, and their digests."""

import errno
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rsir.core.errors import InputError, MachineError

_LITTLE = 1 << 16  # bytes; a disk that has no more is full, whatever a library says of it
_UNWRITABLE = {
    errno.ENOSPC: "the disk is full; make room and run again",
    errno.EDQUOT: "your quota is used up; make room and run again",
    errno.EROFS: "the file system is read-only; work in a folder that can be written to",
    errno.EACCES: "may not be written; work in a folder that can be written to",
}


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a path to write to; it becomes `path` when the block ends well and vanishes otherwise.

    The file is written beside its target, so the last step is a rename within one file system.
    The ending is kept, since writers choose a format by it. What a process that was killed left of
    the same target is removed.

    Raises
    ------
    MachineError
        If the disk is full or cannot be written to.
    """
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.stem)}.*.partial{path.suffix}"):
            left.unlink(missing_ok=True)
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


def optional(paths: Sequence[str]) -> Path | None:
    """Return the only path of a list, or None for an empty one."""
    return Path(*paths) if paths else None


def sha256(path: Path) -> str:
    """Return the SHA-256 digest of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _why_unwritable(error: Exception, path: Path) -> str | None:
    """Tell why the disk took no more, of which each library makes an error of its own."""
    for number, reason in _UNWRITABLE.items():
        if getattr(error, "errno", None) == number or os.strerror(number) in str(error):
            return reason
    full = path.parent.exists() and shutil.disk_usage(path.parent).free < _LITTLE
    return _UNWRITABLE[errno.ENOSPC] if full else None
