"""Files that appear whole or not at all, and their digests."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a path to write to; it becomes `path` when the block ends well and vanishes otherwise.

    The file is written beside its target, so the last step is a rename within one file system.
    The ending is kept, since writers choose a format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def optional(paths: Sequence[str]) -> Path | None:
    """Return the only path of a list, or None for an empty one."""
    return Path(*paths) if paths else None


def sha256(path: Path) -> str:
    """Return the SHA-256 digest of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
