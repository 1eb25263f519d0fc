"""The receipt of a weights file."""

import pytest

from rsir.core.errors import InputError
from rsir.networks.weight_receipt import WeightFile, read_record, write_record
from rsir.networks.weight_sources import locate_weights


def test_the_receipt_is_read_as_it_was_written(tmp_path):
    weights, record = tmp_path / "mine.pth", tmp_path / "record.json"
    weights.write_bytes(b"weights")
    for file in (None, locate_weights("timm", "resnet18", str(weights))):
        write_record(record, file)
        assert read_record(record) == file


def test_a_missing_weights_file_is_reported(tmp_path):
    record = tmp_path / "record.json"
    write_record(record, WeightFile(str(tmp_path / "mine.pth"), "somewhere", "0" * 64))
    with pytest.raises(
        InputError, match=r"mine\.pth: the weights file is missing; delete .*record\.json"
    ):
        read_record(record)
