"""What was computed from a file, remembered until the file changes.

Each value is a file in `results/.cache`, written whole and replaced at once, so that jobs of
several machines may read and write at the same time, and no lock is needed. Nothing is remembered
where there is no folder `results`.

A value is used if size, inode and the times of the last change of content and status, in ns, are
those of the file. They tell all changes but one within a tick of the file system's clock, so
that a file which is not older than that when it is read is not remembered. A damaged entry is not
used.

As a program, it prints the digest of a file, for the rules, which import nothing of the library.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, cast

from rsir.core.files import sha256

Value = TypeVar("Value")

RESULTS = Path("results")
FOLDER = ".cache"

LARGE = 1 << 20
"""Size in bytes from which on the digest of a file is remembered."""

_CHECKSUM_BYTES = 65  # digits and the end of their line
_TICK = 20_000_000  # ns; the longest of a file system with times of less than a second
_COARSE = 1_000_000_000  # ns; times of whole seconds, of file systems that round to two of them


def remembered(path: Path, name: str, compute: Callable[[Path], Value]) -> Value:
    """Return what a function computes from a file, which is called once for each state of the file.

    Parameters
    ----------
    path
        The file, or a folder that `compute` reads no file of.
    name
        The name of the value, such as `sha256`; together with the path, it identifies it.
    compute
        The function; its value must be one that JSON keeps.
    """
    key = str(path.resolve())
    before = file_state(path)
    content = load(name, key)
    if content is not None:
        state, value = json.loads(bytes(content))
        if state == before:
            return cast("Value", value)
    value = compute(path)
    if file_state(path) == before and is_settled(before):
        store(name, key, json.dumps([before, value]).encode())
    return value


def remembered_sha256(path: Path) -> str:
    """Return the SHA-256 digest of a file, which is remembered if the file is large."""
    if path.stat().st_size < LARGE:
        return sha256(path)
    return remembered(path, "sha256", sha256)


def file_state(path: Path) -> list[int]:
    """Return size, inode and times of the last change of content and status of a file."""
    state = path.stat()
    return [state.st_size, state.st_ino, state.st_mtime_ns, state.st_ctime_ns]


def is_settled(state: list[int]) -> bool:
    """Return whether a change of a file from now on would give it another state."""
    last = max(state[2:])
    return time.time_ns() - last > (2 * _COARSE if last % _COARSE == 0 else _TICK)


def load(name: str, key: str) -> memoryview | None:
    """Return what was stored under a name and a key; None if nothing was, or it is damaged."""
    try:
        stored = memoryview(_entry(name, key).read_bytes())
    except OSError:
        return None
    checksum, content = stored[:_CHECKSUM_BYTES], stored[_CHECKSUM_BYTES:]
    return content if checksum == _checksum(key, content) else None


def store(name: str, key: str, content: bytes | memoryview) -> None:
    """Store bytes under a name and a key, if that is possible.

    Several jobs may store the same.
    """
    if not RESULTS.is_dir():
        return
    entry = _entry(name, key)
    with suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=entry.parent, prefix=".", suffix=".partial", delete=False
        ) as file:
            file.write(_checksum(key, content))
            file.write(content)
        Path(file.name).replace(entry)


def _entry(name: str, key: str) -> Path:
    return RESULTS / FOLDER / name / hashlib.sha256(os.fsencode(key)).hexdigest()


def _checksum(key: str, content: bytes | memoryview) -> bytes:
    """Return the checksum of a key and what is stored under it, a line."""
    checksum = hashlib.sha256(os.fsencode(key) + b"\0")
    checksum.update(content)
    return f"{checksum.hexdigest()}\n".encode()


if __name__ == "__main__":
    sys.stdout.write(remembered_sha256(Path(sys.argv[1])))
