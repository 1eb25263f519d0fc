import hashlib

import pytest

from rsir.files import sha256, written_whole


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
