"""Files of arrays with one row per image."""

import h5py
import pytest

from array_examples import IMAGES, POOL, write_descriptors
from rsir.core.hdf5 import array_file, read_attributes


def test_the_file_is_readable_with_plain_h5py(tmp_path):
    with h5py.File(write_descriptors(tmp_path / "vgg16.h5")) as file:
        assert set(file) == {"image", "pool", "output"}
        assert list(file["image"].asstr()) == IMAGES
        assert file["pool"].shape == (4, 7)


def test_attributes_record_what_a_file_was_made_from(tmp_path):
    attributes = read_attributes(write_descriptors(tmp_path / "vgg16.h5"))
    # Attributes that are None are omitted.
    assert set(attributes) == {"backbone", "seed", "created", "code", "device"}
    assert (attributes["backbone"], attributes["seed"]) == ("vgg16", 3)
    assert attributes["created"].endswith("+00:00")


def test_an_error_leaves_nothing_behind(tmp_path):
    def stop_halfway() -> None:
        with array_file(tmp_path / "a.h5", IMAGES, {}) as file:
            file.append("pool", POOL[:2])
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        stop_halfway()
    assert list(tmp_path.iterdir()) == []
