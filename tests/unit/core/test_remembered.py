"""Values of files are computed once for each state of the file."""

import os
import time

import pytest

from rsir.core.files import sha256
from rsir.core.remembered import FOLDER, LARGE, remembered, remembered_sha256


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """A file, and a function that keeps what it was called with."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    path = tmp_path / "file.bin"
    path.write_bytes(b"first")
    wait_for_a_tick(path)
    calls = []

    def compute(file):
        calls.append(file)
        return file.read_text()

    return path, compute, calls


def wait_for_a_tick(path):
    while time.time_ns() - path.stat().st_ctime_ns < 30_000_000:
        os.sched_yield()


def test_a_value_is_computed_once(counted):
    path, compute, calls = counted
    assert [remembered(path, "text", compute) for _ in range(3)] == ["first"] * 3
    assert len(calls) == 1
    assert remembered(path, "other", compute) == "first"
    assert len(calls) == 2


def test_each_change_of_the_file_is_noticed(counted):
    path, compute, _ = counted
    assert remembered(path, "text", compute) == "first"
    before = path.stat()
    path.write_bytes(b"other")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # only the time of status tells
    assert remembered(path, "text", compute) == "other"
    wait_for_a_tick(path)
    assert remembered(path, "text", compute) == "other"
    replacement = path.with_name("replacement")
    replacement.write_bytes(b"third")
    replacement.replace(path)
    assert remembered(path, "text", compute) == "third"


def test_a_file_that_may_change_within_the_same_tick_is_not_remembered(counted):
    path, compute, calls = counted
    path.write_bytes(b"third")
    coarse = time.time_ns() // 1_000_000_000 * 1_000_000_000 + 3_600_000_000_000
    os.utime(path, ns=(coarse, coarse))  # as of a clock that is ahead
    assert [remembered(path, "text", compute) for _ in range(2)] == ["third"] * 2
    assert len(calls) == 2


def test_damaged_entries_are_not_used(counted):
    path, compute, calls = counted
    remembered(path, "text", compute)
    (entry,) = (path.parent / "results" / FOLDER / "text").iterdir()
    content = entry.read_bytes()
    for damaged in (b"", b"x", content[:-4], content.replace(b"first", b"wrong"), b"\xff"):
        entry.write_bytes(damaged)
        assert remembered(path, "text", compute) == "first"
    assert len(calls) == 6
    assert remembered(path, "text", compute) == "first"
    assert len(calls) == 6


def test_nothing_is_written_without_results(counted):
    path, compute, calls = counted
    (path.parent / "results").rmdir()
    assert [remembered(path, "text", compute) for _ in range(2)] == ["first"] * 2
    assert len(calls) == 2
    assert not (path.parent / "results").exists()


def test_digests_of_large_files_are_remembered(counted):
    path, _, _ = counted
    folder = path.parent / "results" / FOLDER
    assert remembered_sha256(path) == sha256(path)
    assert not folder.exists()
    path.write_bytes(bytes(LARGE))
    wait_for_a_tick(path)
    assert remembered_sha256(path) == sha256(path)
    assert len(list((folder / "sha256").iterdir())) == 1
    assert remembered_sha256(path) == sha256(path)
