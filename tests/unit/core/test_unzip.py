"""Unpacking of zip archives."""

import stat
import zipfile

import pytest

from rsir.core.errors import InputError
from rsir.core.unzip import unpack

CONTENT = bytes(range(256)) * 5000


def zip_archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_only_matching_members_are_unzip_archive(tmp_path):
    members = [
        ("top/a/", b""),
        ("top/a/1.txt", b"one"),
        ("top/a/2.txt", b"two"),
        ("top/read.me", b"no"),
        ("__MACOSX/top/a/._1.txt", b"no"),
    ]
    archive = zip_archive(tmp_path / "a.zip", members)
    unpack(archive, r"top/(a/[0-9]\.txt)", tmp_path / "out", 6)
    assert files(tmp_path / "out") == {"a/1.txt": b"one", "a/2.txt": b"two"}


@pytest.mark.parametrize("name", ["../evil.txt", "a/../../evil.txt", "/evil.txt"])
def test_no_member_leaves_the_folder(tmp_path, name):
    archive = zip_archive(tmp_path / "a.zip", [("good.txt", b"good"), (name, b"evil")])
    with pytest.raises(InputError, match=r"a\.zip: .*leads outside the folder"):
        unpack(archive, "(.*)", tmp_path / "out", 100)
    assert set(files(tmp_path)) == {"a.zip"}


def test_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = zip_archive(tmp_path / "a.zip", [(link, b"/etc/passwd")])
    with pytest.raises(InputError, match=r"'link\.txt' is a link"):
        unpack(archive, "(.*)", tmp_path / "out", 100)


def test_the_size_is_bounded(tmp_path):
    archive = zip_archive(tmp_path / "a.zip", [("a", bytes(60)), ("b", bytes(41))])
    with pytest.raises(InputError, match="101 bytes when unpacked, more than the limit of 100"):
        unpack(archive, "(.*)", tmp_path / "out", 100)
    assert set(files(tmp_path)) == {"a.zip"}


def test_a_member_larger_than_its_header_states_is_refused(tmp_path):
    archive = zip_archive(tmp_path / "a.zip", [("a", bytes(5000))])
    size = (5000).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(size, (50).to_bytes(4, "little")))
    with pytest.raises(InputError, match="cannot be unpacked"):
        unpack(archive, "(.*)", tmp_path / "out", 100)


def test_two_files_for_one_path_are_refused(tmp_path):
    archive = zip_archive(tmp_path / "a.zip", [("x/a", b"1"), ("y/a", b"2")])
    with pytest.raises(InputError, match="two files for one path"):
        unpack(archive, "[xy]/(.*)", tmp_path / "out", 100)


def test_an_archive_without_matching_members_is_refused(tmp_path):
    archive = zip_archive(tmp_path / "a.zip", [("a", b"1")])
    with pytest.raises(InputError, match="none of the expected files"):
        unpack(archive, "(b)", tmp_path / "out", 100)


def test_a_damaged_archive_is_refused(tmp_path):
    archive = zip_archive(tmp_path / "a.zip", [("a", CONTENT)])
    content = bytearray(archive.read_bytes())
    content[40:80] = bytes(40)
    for damaged in (content, content[:100], b"not a zip archive"):
        archive.write_bytes(damaged)
        with pytest.raises(InputError, match=r"a\.zip: cannot be unpacked"):
            unpack(archive, "(.*)", tmp_path / f"out{len(damaged)}", 1 << 30)
