"""Files and folders inside of a container, which are used as paths are."""

import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from rsir.archives.containers.container import Container


class Member:
    """A file or folder of a container, with the methods of a path that reading needs.

    As text, it is the path of the container followed by that of the member, such as
    `tiles.zip/forest/7.jpg`.
    """

    def __init__(self, container: Container, inside: str = "") -> None:
        self._container = container
        self._inside = inside
        self._content: bytes | None = None

    def __str__(self) -> str:
        return str(self._whole)

    def __repr__(self) -> str:
        return f"Member({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Member) and self._whole == other._whole

    def __lt__(self, other: "Member") -> bool:
        return self._whole < other._whole

    def __hash__(self) -> int:
        return hash(self._whole)

    def __reduce__(self) -> tuple[Any, ...]:
        from rsir.archives.containers.opened import located

        return located, (self._whole,)

    def __truediv__(self, name: str | PurePosixPath) -> "Member":
        path = PurePosixPath(self._inside, name)
        return Member(self._container, str(path) if path.parts else "")

    @property
    def _whole(self) -> Path:
        return self._container.file / self._inside

    @property
    def sources(self) -> list[Path]:
        """The files that the container is read from."""
        return self._container.files

    def resolve(self) -> Path:
        """Return the absolute path, without symbolic links."""
        return self._whole.resolve()

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self._whole.name

    @property
    def stem(self) -> str:
        """The last part of the path without its ending."""
        return self._whole.stem

    @property
    def suffix(self) -> str:
        """The ending of the last part of the path, with its dot."""
        return self._whole.suffix

    @property
    def parent(self) -> "Member":
        """The folder of this member; that of the container is the container."""
        return Member(self._container, self._inside.rpartition("/")[0])

    def relative_to(self, folder: "Member") -> PurePosixPath:
        """Return the path below a folder."""
        return PurePosixPath(self._whole.relative_to(folder._whole))

    def exists(self) -> bool:
        """Return whether there is such a file or folder."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Return whether this is a file."""
        return self._container.has(self._inside)

    def is_dir(self) -> bool:
        """Return whether this is a folder."""
        return self._inside in self._container.folder_names

    def files(self) -> list[str]:
        """Return the paths of all files below this folder, relative to it."""
        start = f"{self._inside}/" if self._inside else ""
        names = self._container.names
        return [name.removeprefix(start) for name in names if name.startswith(start)]

    def iterdir(self) -> Iterator["Member"]:
        """Yield the files and folders in this folder."""
        return (self / name for name in self._container.folders[self._inside])

    def rglob(self, pattern: str) -> Iterator["Member"]:
        """Yield the files below this folder whose name matches a pattern."""
        return (self / name for name in self.files() if PurePosixPath(name).match(pattern))

    def glob(self, pattern: str) -> Iterator["Member"]:
        """Yield the files whose path below this folder matches a pattern, part by part."""
        depth = len(PurePosixPath(pattern).parts)
        return (file for file in self.rglob(pattern) if len(file.relative_to(self).parts) == depth)

    def read_bytes(self) -> bytes:
        """Return the content of this file, which is read once."""
        if self._content is None:
            self._content = self._container.read(self._inside)
        return self._content

    def read_text(self, encoding: str = "utf-8") -> str:
        """Return the text of this file."""
        return self.read_bytes().decode(encoding)

    def open(self, mode: str = "rb") -> io.BytesIO:
        """Return this file opened to read bytes."""
        if mode != "rb":
            raise ValueError(f"members are opened with mode 'rb', not {mode!r}")
        return io.BytesIO(self.read_bytes())


Location = Path | Member
"""A file or folder, or one inside of a container."""
