"""What all containers have in common: named members, and the folders that the names are in."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from rsir.core.errors import InputError


class Container(ABC):
    """A file, or a folder of files, whose members are images or other files.

    It is read by any number of threads and of forked processes.

    Parameters
    ----------
    file
        The path of the container.
    names
        The names of the members, with `/`, in the order in which they are stored.

    Raises
    ------
    InputError
        If two members have one name, or a name leads out of the container.
    """

    def __init__(self, file: Path, names: Sequence[str]) -> None:
        self.file = file
        self._rows: dict[str, int] = {}
        for row, written in enumerate(names):
            name = PurePosixPath(written)
            if name.is_absolute() or ".." in name.parts or not name.parts:
                raise InputError(
                    f"{file}: its member {written!r} leads outside; unpack it and use the folder"
                )
            plain = str(name)
            key = written if written == plain else plain  # so that no name is in memory twice
            if self._rows.setdefault(key, row) != row:
                raise InputError(f"{file}: has two members {key!r}; unpack it and use the folder")

    @cached_property
    def files(self) -> list[Path]:
        """The files that the container is read from."""
        return sorted(self.file.glob("[!.]*")) if self.file.is_dir() else [self.file]

    @property
    def names(self) -> Sequence[str]:
        """The names of all members, in the order in which they are stored."""
        return list(self._rows)

    @cached_property
    def folder_names(self) -> set[str]:
        """The names of all folders; the empty name is the container."""
        folders = {""}
        for name in self._rows:
            while (name := name.rpartition("/")[0]) not in folders:
                folders.add(name)
        return folders

    @cached_property
    def folders(self) -> dict[str, dict[str, None]]:
        """The names of the members and folders in each folder; the empty name is the container."""
        folders: dict[str, dict[str, None]] = {"": {}}
        for name in self._rows:
            while name:
                parent, _, last = name.rpartition("/")
                known = parent in folders
                folders.setdefault(parent, {})[last] = None
                if known:
                    break
                name = parent
        return folders

    def has(self, name: str) -> bool:
        """Return whether there is a member of this name."""
        return name in self._rows

    def read(self, name: str) -> bytes:
        """Return the content of a member.

        Raises
        ------
        InputError
            If there is no such member, or it is damaged.
        """
        if name not in self._rows:
            raise InputError(f"{self.file / name}: no such member; correct the name")
        try:
            return self._content(self._rows[name])
        except DamagedError as error:
            raise InputError(
                f"{self.file / name}: damaged ({error}); get another copy of {self.file.name}"
            ) from error

    @abstractmethod
    def _content(self, row: int) -> bytes:
        """Return the content of a member by its place in `names`; else raise DamagedError."""


class DamagedError(Exception):
    """The content of a member is not what the container says of it."""
