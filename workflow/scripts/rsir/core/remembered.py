"""What was computed from a file, remembered until the file changes.

Each value is a JSON file in `results/.cache`, written whole and replaced at once, so that jobs of
several machines may read and write at the same time, and no lock is needed. Nothing is remembered
where there is no folder `results`.

A value is used if size, inode and the times of the last change of content and status, in ns, are
those of the file. They tell all changes but one within a tick of the file system's clock, so
that a file which is not older than that when it is read is not remembered. A damaged entry is not
used.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

Value = TypeVar("Value")

RESULTS = Path("results")
FOLDER = ".cache"

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
    if not RESULTS.is_dir():
        return compute(path)
    resolved = path.resolve()
    key = hashlib.sha256(os.fsencode(resolved)).hexdigest()
    entry = RESULTS / FOLDER / name / f"{key}.json"
    before = _state(resolved)
    stored = _read(entry)
    if stored is not None and stored["path"] == str(resolved) and stored["state"] == before:
        value: Value = stored["value"]
        return value
    value = compute(path)
    if _state(resolved) == before and _is_past(before):
        _write(entry, {"path": str(resolved), "state": before, "value": value})
    return value


def _state(path: Path) -> list[int]:
    state = path.stat()
    return [state.st_size, state.st_ino, state.st_mtime_ns, state.st_ctime_ns]


def _is_past(state: list[int]) -> bool:
    """Return whether a change from now on would have other times."""
    last = max(state[2:])
    return time.time_ns() - last > (2 * _COARSE if last % _COARSE == 0 else _TICK)


def _read(entry: Path) -> dict[str, Any] | None:
    """Return a stored entry, or None if there is none or it is damaged."""
    try:
        checksum, _, content = entry.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    if checksum != hashlib.sha256(content.encode()).hexdigest():
        return None
    stored: dict[str, Any] = json.loads(content)
    return stored


def _write(entry: Path, stored: dict[str, Any]) -> None:
    """Write an entry, if that is possible; several jobs may write the same one."""
    content = json.dumps(stored)
    with suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=entry.parent, prefix=".", suffix=".partial", delete=False
        ) as file:
            file.write(f"{hashlib.sha256(content.encode()).hexdigest()}\n{content}")
        Path(file.name).replace(entry)
