"""The container that a path leads to or into."""

import functools
from pathlib import Path

from rsir.archives.containers.container import Container
from rsir.archives.containers.member import Location, Member
from rsir.archives.containers.tar_file import TarArchive
from rsir.archives.containers.zip_file import ZipArchive
from rsir.core.errors import InputError
from rsir.core.remembered import file_state

_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
"""How a file is compressed that begins with these bytes."""


def located(path: Location) -> Location:
    """Return a path as it is or, if it is a container or leads into one, the member.

    Containers are zip and tar archives, HDF5 files, parquet files and folders of these.

    Raises
    ------
    InputError
        If the path leads to or into a file that cannot be read as a container.
    """
    if isinstance(path, Member):
        return path
    for place in (path, *path.parents):
        if place.is_dir() and not _is_parquet_folder(place):
            break
        if place.exists():
            inside = path.relative_to(place).as_posix()
            container = _container(place, tuple(file_state(place)))
            return Member(container, "" if inside == "." else inside)
    return path


def _is_parquet_folder(folder: Path) -> bool:
    """Return whether a folder is one of parquet files of encoded images."""
    if not any(folder.glob("[!.]*.parquet")):
        return False
    from rsir.archives.containers.parquet_columns import is_parquet_of_images

    return is_parquet_of_images(folder)


@functools.cache
def _container(file: Path, _state: tuple[int, ...]) -> Container:
    """Open a container, once for each state of it."""
    if file.is_dir():
        return _parquet(file)
    with file.open("rb") as opened:
        beginning = opened.read(262)
    if beginning.startswith((b"PK\3\4", b"PK\5\6")):
        return ZipArchive(file)
    if beginning[257:] == b"ustar":
        return TarArchive(file)
    if beginning.startswith(b"PAR1"):
        return _parquet(file)
    if beginning.startswith(b"\x89HDF\r\n\x1a\n"):
        from rsir.archives.containers.hdf5_file import Hdf5Archive

        return Hdf5Archive(file)
    for key, method in _COMPRESSED.items():
        if beginning.startswith(key):
            raise InputError(
                f"{file}: compressed by {method}, so that no image in it can be read alone; "
                "decompress it to a .tar file, or unpack it and use the folder"
            )
    raise InputError(
        f"{file}: neither a folder nor a zip, tar, HDF5 or parquet file; "
        "unpack it and use the folder"
    )


def _parquet(path: Path) -> Container:
    from rsir.archives.containers.parquet_files import ParquetArchive  # pyarrow, if it is needed

    return ParquetArchive(path)
