"""Containers of encoded images by row: the names of rows, and what is open in each process."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Generic, TypeVar

from rsir.archives.image_names import FORMATS

_ENDINGS = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG": ".png",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"II+\0": ".tif",
    b"MM\0+": ".tif",
    b"\0\0\0\x0cjP  ": ".jp2",
    b"RIFF": ".webp",
    b"BM": ".bmp",
}
"""The ending of an image file that begins with these bytes."""

Opened = TypeVar("Opened")


def with_endings(names: Sequence[str], content: bytes) -> list[str]:
    """Return names of image files: as they are or, if they have no ending, with that of a content.

    Parameters
    ----------
    names
        The names of all images.
    content
        The first bytes of the first image.
    """
    if all(PurePosixPath(name).suffix.lower() in FORMATS for name in names):
        return list(names)
    ending = ending_of(content) or ""
    return [f"{name}{ending}" for name in names]


def ending_of(content: bytes | None) -> str | None:
    """Return the ending of an image file with this content, or None for another file."""
    starts = (start for start in _ENDINGS if (content or b"").startswith(start))
    return next((_ENDINGS[start] for start in starts), None)


class PerProcess(Generic[Opened]):
    """What each process opens for itself, and uses in one thread at a time."""

    def __init__(self, open_anew: Callable[[], Opened]) -> None:
        self._open = open_anew
        self._of: tuple[int, threading.Lock, Opened] | None = None

    @contextmanager
    def use(self) -> Iterator[Opened]:
        """Yield what this process has opened."""
        if self._of is None or self._of[0] != os.getpid():
            self._of = os.getpid(), threading.Lock(), self._open()
        _, lock, opened = self._of
        with lock:
            yield opened
