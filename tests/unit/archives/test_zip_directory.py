"""The directory of a zip archive is what Python's own reader says of it."""

import io
import struct
import zipfile

import numpy as np
import pytest

from rsir.archives.containers.zip_directory import read_directory


def write_zip(path, comment=b"", before=b""):
    """Write an archive with names of both encodings, a folder, and both methods."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("forest/1.png", b"stored")
        archive.mkdir("river")
        archive.writestr("river/Flüsse – 1.png", bytes(1000), zipfile.ZIP_DEFLATED)
        archive.writestr("river/empty.png", b"")
        archive.comment = comment
    path.write_bytes(before + buffer.getvalue())


def expected(path):
    """Return names, places and methods as `zipfile` reads them."""
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
    return (
        [member.filename for member in members],
        [[one.header_offset, one.compress_size, one.file_size, one.CRC] for one in members],
        [one.compress_type == zipfile.ZIP_DEFLATED for one in members],
    )


@pytest.mark.parametrize("comment", [b"", b"made by hand, PK\5 and so on"])
@pytest.mark.parametrize("before", [b"", b"#!/bin/sh\n"])
@pytest.mark.parametrize("limit", [zipfile.ZIP64_LIMIT, 10])
def test_members_are_those_of_the_standard_library(tmp_path, monkeypatch, comment, before, limit):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)  # the small one writes zip64
    path = tmp_path / "a.zip"
    write_zip(path, comment, before)
    assert (b"PK\6\7" in path.read_bytes()) == (limit == 10)
    directory = read_directory(path)
    names, places, deflated = expected(path)
    assert directory.names == names
    np.testing.assert_array_equal(directory.places, places)
    assert directory.deflated.tolist() == deflated
    assert not directory.flaws


def test_an_archive_without_members_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w"):
        pass
    directory = read_directory(tmp_path / "a.zip")
    assert directory.names == []
    assert directory.places.shape == (0, 4)


def test_names_without_a_flag_are_of_the_first_personal_computers(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("fl.png", b"")
    path.write_bytes(path.read_bytes().replace(b"fl.png", b"\x81l.png"))
    assert read_directory(path).names == ["ül.png"] == expected(path)[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"PK\1\2", b"PK\1\3", "bad magic number"),
        (b"PK\5\6", b"PK\5\7", "no end of its directory"),
        (struct.pack("<L", 46 * 3), None, "bad offset"),
    ],
)
def test_damaged_directories_are_refused(tmp_path, old, new, expected):
    path = tmp_path / "a.zip"
    write_zip(path)
    content = path.read_bytes()
    if new is None:  # a directory that is longer than what stands before its end
        place = content.rindex(b"PK\5\6") + 12
        content = content[:place] + struct.pack("<L", len(content)) + content[place + 4 :]
    path.write_bytes(content.replace(old, new or old))
    with pytest.raises(zipfile.BadZipFile, match=expected):
        read_directory(path)
