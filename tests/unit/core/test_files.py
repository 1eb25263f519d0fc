import errno
import hashlib

import pytest

from rsir.core.errors import InputError, MachineError
from rsir.core.files import discard_previous, scratch_file, sha256, written_whole


def test_a_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "table.csv"
    with written_whole(path) as partial:
        assert partial.parent == path.parent
        assert partial.suffix == ".csv"
        partial.write_text("a")
        assert not path.exists()
    assert path.read_text() == "a"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_keeps_the_previous_file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def stop_halfway() -> None:
        with written_whole(path) as partial:
            partial.write_text("half of the n")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        stop_halfway()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_creates_no_file(tmp_path):
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "table.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_old_file_is_replaced(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with written_whole(path) as partial:
        partial.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("content", [b"", b"abc", bytes(1 << 20)])
def test_sha256(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    assert sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_temporary_files_of_killed_processes_are_removed(tmp_path):
    leftover, other = tmp_path / ".table [1].7.partial.csv", tmp_path / ".table.7.partial.csv"
    leftover.touch()
    other.touch()
    with written_whole(tmp_path / "table [1].csv") as partial:
        partial.touch()
    assert set(tmp_path.iterdir()) == {tmp_path / "table [1].csv", other}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full; make room"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk quota is used up; make room"),
        (OSError(errno.EROFS, "Read-only file system"), "the file system is read-only; use a"),
        (PermissionError(errno.EACCES, "Permission denied"), "no permission to write; use a"),
    ],
    ids=str,
)
def test_an_unwritable_path_is_reported_in_one_line(tmp_path, error, reason):
    path = tmp_path / "table.csv"
    with pytest.raises(MachineError) as raised, written_whole(path):
        raise error
    assert str(raised.value).startswith(f"{path}: {reason}")
    with pytest.raises(MachineError) as raised, scratch_file(tmp_path):
        raise error
    assert str(raised.value).startswith(f"{tmp_path}: {reason}")
    assert list(tmp_path.iterdir()) == []


def test_other_errors_are_passed_through(tmp_path):
    with (
        pytest.raises(InputError, match="No space left") as raised,
        written_whole(tmp_path / "table.csv"),
    ):
        raise InputError("a file called No space left on device")
    assert type(raised.value) is InputError
    with pytest.raises(OSError, match="broken"), written_whole(tmp_path / "table.csv"):
        raise OSError(errno.EIO, "broken")


@pytest.mark.parametrize("is_folder", [False, True])
def test_the_previous_version_of_an_output_is_discarded(tmp_path, is_folder):
    output, previous = tmp_path / "scores.csv", tmp_path / ".previous.scores.csv"
    discard_previous(output)
    output.write_text("new")
    if is_folder:
        previous.mkdir()
        (previous / "tile.png").write_text("old")
    else:
        previous.write_text("old")
    discard_previous(output)
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]
