"""Files of arrays: what is written is read, and damage is found."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from rsir.core.errors import InputError
from rsir.core.hdf5 import array_file, read_attributes
from rsir.descriptors.descriptor_files import open_activations, read_descriptors

IMAGES = ["zürich", "a b", "c", "001"]
POOL = np.random.default_rng(0).normal(size=(4, 7)).astype(np.float32)
OUTPUT = np.eye(4, 3, dtype=np.float32)


def write(path: Path) -> Path:
    with array_file(path, IMAGES, {"backbone": "vgg16", "seed": 3, "labeling": None}) as file:
        for rows in (slice(0, 3), slice(3, 4)):
            file.append("pool", POOL[rows])
            file.append("output", OUTPUT[rows])
    return path


def test_what_is_written_is_read(tmp_path):
    path = write(tmp_path / "new" / "vgg16.h5")
    descriptors = read_descriptors(path, IMAGES)
    assert set(descriptors) == {"pool", "output"}
    np.testing.assert_array_equal(descriptors["pool"], POOL)
    np.testing.assert_array_equal(descriptors["output"], OUTPUT)
    assert {values.dtype for values in descriptors.values()} == {np.dtype("float32")}
    assert list(path.parent.iterdir()) == [path]


def test_anyone_can_read_the_file(tmp_path):
    with h5py.File(write(tmp_path / "vgg16.h5")) as file:
        assert set(file) == {"image", "pool", "output"}
        assert list(file["image"].asstr()) == IMAGES
        assert file["pool"].shape == (4, 7)


def test_attributes_say_what_a_file_was_made_from(tmp_path):
    attributes = read_attributes(write(tmp_path / "vgg16.h5"))
    assert set(attributes) == {
        "backbone",
        "seed",
        "created",
        "code",
        "device",
    }  # what is None is left out
    assert (attributes["backbone"], attributes["seed"]) == ("vgg16", 3)
    assert attributes["created"].endswith("+00:00")


def test_activations_keep_their_shape_and_type(tmp_path):
    path = tmp_path / "activations.h5"
    values = np.random.default_rng(0).normal(size=(4, 2, 3, 3)).astype(np.float16)
    with array_file(path, IMAGES, {}) as file:
        file.append("activation", values[:1])
        file.append("activation", values[1:])
    with open_activations(path, IMAGES) as dataset:
        assert dataset.dtype == np.float16
        np.testing.assert_array_equal(dataset[:], values)


def test_a_row_larger_than_a_chunk_is_kept(tmp_path):
    path = tmp_path / "large.h5"
    values = np.arange(2 * 300_000, dtype=np.float32).reshape(2, -1)
    with array_file(path, ["a", "b"], {}) as file:
        file.append("pool", values)
    np.testing.assert_array_equal(read_descriptors(path, ["a", "b"])["pool"], values)


@pytest.mark.parametrize(
    "images", [IMAGES[::-1], IMAGES[:3], [*IMAGES, "d"], ["zurich", *IMAGES[1:]], []]
)
def test_a_file_of_other_images_is_refused(tmp_path, images):
    path = write(tmp_path / "vgg16.h5")
    with pytest.raises(InputError, match=r"vgg16\.h5: holds other images; delete it"):
        read_descriptors(path, images)
    with pytest.raises(InputError, match="other images"), open_activations(path, images):
        pass


@pytest.mark.parametrize("byte", [0, 13, 4 * 7 * 4 - 1])
def test_one_flipped_bit_of_the_values_is_found(tmp_path, byte):
    path = write(tmp_path / "vgg16.h5")
    content = bytearray(path.read_bytes())
    content[content.index(POOL.tobytes()) + byte] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"vgg16\.h5: cannot be read \(.*; delete it and run"):
        read_descriptors(path, IMAGES)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = write(tmp_path / "vgg16.h5")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"vgg16\.h5: cannot be read"):
        read_descriptors(path, IMAGES)


def test_what_is_no_file_of_descriptors_is_refused(tmp_path):
    path = tmp_path / "vgg16.h5"
    with pytest.raises(InputError, match=r"vgg16\.h5: cannot be read"):
        read_descriptors(path, IMAGES)
    path.write_text("image,label\n")
    with pytest.raises(InputError, match=r"vgg16\.h5: cannot be read"):
        read_descriptors(path, IMAGES)
    with h5py.File(path, "w") as file:
        file["pool"] = POOL
    with pytest.raises(InputError, match=r"vgg16\.h5: cannot be read"):
        read_descriptors(path, IMAGES)


def test_an_error_leaves_nothing_behind(tmp_path):
    def stop_halfway() -> None:
        with array_file(tmp_path / "a.h5", IMAGES, {}) as file:
            file.append("pool", POOL[:2])
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        stop_halfway()
    assert list(tmp_path.iterdir()) == []
