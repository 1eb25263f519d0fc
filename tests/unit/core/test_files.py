import errno
import hashlib

import pytest

from rsir.core.errors import InputError, MachineError
from rsir.core.files import sha256, written_whole


def test_a_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "table.csv"
    with written_whole(path) as partial:
        assert partial.parent == path.parent
        assert partial.suffix == ".csv"
        partial.write_text("a")
        assert not path.exists()
    assert path.read_text() == "a"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path):
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


def test_a_block_that_writes_nothing_makes_no_file(tmp_path):
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


def test_what_a_killed_process_left_of_the_same_file_is_removed(tmp_path):
    left, other = tmp_path / ".table [1].7.partial.csv", tmp_path / ".table.7.partial.csv"
    left.touch()
    other.touch()
    with written_whole(tmp_path / "table [1].csv") as partial:
        partial.touch()
    assert set(tmp_path.iterdir()) == {tmp_path / "table [1].csv", other}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full; make room"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "your quota is used up; make room"),
        (OSError(errno.EROFS, "Read-only file system"), "the file system is read-only; work in"),
        (PermissionError(errno.EACCES, "Permission denied"), "may not be written; work in"),
    ],
    ids=str,
)
def test_a_place_that_takes_no_file_is_told_in_one_line(tmp_path, error, reason):
    path = tmp_path / "table.csv"
    with pytest.raises(MachineError) as raised, written_whole(path):
        raise error
    assert str(raised.value).startswith(f"{path}: {reason}")
    assert list(tmp_path.iterdir()) == []


def test_other_errors_stay_what_they_are(tmp_path):
    with (
        pytest.raises(InputError, match="No space left") as raised,
        written_whole(tmp_path / "table.csv"),
    ):
        raise InputError("a file called No space left on device")
    assert type(raised.value) is InputError
    with pytest.raises(OSError, match="broken"), written_whole(tmp_path / "table.csv"):
        raise OSError(errno.EIO, "broken")
