"""Unpacking of tar archives."""

import io
import tarfile

import pytest

from rsir.core.errors import InputError
from rsir.core.untar import unpack_tar

MEMBERS = [("top/a/1.tif", b"one"), ("top/a/2.tif", bytes(3000)), ("top/read.me", b"no")]


def tar_archive(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_matching_members_are_unpacked_whatever_the_compression(tmp_path, mode):
    archive = tar_archive(tmp_path / "a.tar", MEMBERS, mode)
    unpack_tar([archive], r"top/(a/\d\.tif)", tmp_path / "out", 3003)
    assert files(tmp_path / "out") == {"a/1.tif": b"one", "a/2.tif": bytes(3000)}


def test_an_archive_in_parts_is_unpacked_as_one(tmp_path):
    content = tar_archive(tmp_path / "a.tar.gz", MEMBERS).read_bytes()
    parts = [tmp_path / f"a.tar.gza{letter}" for letter in "abc"]
    for number, part in enumerate(parts):
        part.write_bytes(content[50 * number : 50 * (number + 1) if number < 2 else None])
    unpack_tar(parts, r"top/(a/\d\.tif)", tmp_path / "out", 3003)
    assert files(tmp_path / "out") == {"a/1.tif": b"one", "a/2.tif": bytes(3000)}


@pytest.mark.parametrize("name", ["../evil.txt", "a/../../evil.txt", "/evil.txt"])
def test_no_member_leaves_the_folder(tmp_path, name):
    archive = tar_archive(tmp_path / "a.tar", [(name, b"evil")])
    with pytest.raises(InputError, match=r"a\.tar: .*leads outside the folder"):
        unpack_tar([archive], "(.*)", tmp_path / "out", 100)
    assert set(files(tmp_path)) == {"a.tar"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_special_files_are_refused(tmp_path, kind):
    link = tarfile.TarInfo("a.tif")
    link.type, link.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.addfile(link)
    with pytest.raises(InputError, match=r"'a\.tif' is a link or another special file"):
        unpack_tar([tmp_path / "a.tar"], "(.*)", tmp_path / "out", 100)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("members", "limit", "flaw"),
    [
        ([("a", bytes(60)), ("b", bytes(41))], 100, "more bytes when unpacked than the limit"),
        ([("a", b"one"), ("a", b"two")], 100, "has two files for a"),
        ([("b.txt", b"")], 100, "has none of the expected files"),
    ],
)
def test_what_is_not_as_expected_is_refused(tmp_path, members, limit, flaw):
    archive = tar_archive(tmp_path / "a.tar", members)
    with pytest.raises(InputError, match=rf"a\.tar: {flaw}.*get another copy"):
        unpack_tar([archive], "([ab])", tmp_path / "out", limit)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_a_damaged_archive_is_refused_in_one_line(tmp_path, mode):
    noise = bytes((7 * index * index) % 251 for index in range(40_000))
    archive = tar_archive(tmp_path / "a.tar", [("a.tif", noise)], mode)
    archive.write_bytes(archive.read_bytes()[: -12_000 if mode == "w" else -60])
    with pytest.raises(
        InputError, match=r"a\.tar: cannot be unpacked \([^\n]*\); get another copy"
    ):
        unpack_tar([archive], r"(.*)", tmp_path / "out", 50_000)


def test_what_is_no_tar_archive_is_refused(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"<html>not found</html>" * 100)
    with pytest.raises(InputError, match=r"a\.tar: cannot be unpacked"):
        unpack_tar([tmp_path / "a.tar"], "(.*)", tmp_path / "out", 100)
