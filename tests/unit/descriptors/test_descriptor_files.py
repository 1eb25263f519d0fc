"""Files of descriptors and activations: round trips, and detection of damage."""

import h5py
import numpy as np
import pytest

from array_examples import IMAGES, OUTPUT, POOL, write_descriptors
from rsir.core.errors import InputError
from rsir.core.hdf5 import SPAN_ROWS, array_file
from rsir.descriptors.descriptor_files import blocks, open_activations, read_descriptors


def test_written_descriptors_are_read_unchanged(tmp_path):
    path = write_descriptors(tmp_path / "new" / "vgg16.h5")
    descriptors = read_descriptors(path, IMAGES)
    assert set(descriptors) == {"pool", "output"}
    np.testing.assert_array_equal(descriptors["pool"], POOL)
    np.testing.assert_array_equal(descriptors["output"], OUTPUT)
    assert {values.dtype for values in descriptors.values()} == {np.dtype("float32")}
    assert list(path.parent.iterdir()) == [path]


def test_some_descriptors_and_rows_are_read_alone(tmp_path):
    path = write_descriptors(tmp_path / "vgg16.h5")
    rows = np.array([2, 0, 2])
    (pool,) = read_descriptors(path, IMAGES, ["pool", "embedding"], rows).values()
    np.testing.assert_array_equal(pool, POOL[rows])


def test_blocks_of_rows_are_those_of_the_whole():
    parts = list(blocks(2 * SPAN_ROWS + 1))
    assert [len(part) for part in parts] == [SPAN_ROWS, SPAN_ROWS, 1]
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(2 * SPAN_ROWS + 1))


def test_activations_keep_their_shape_and_type(tmp_path):
    path = tmp_path / "activations.h5"
    values = np.random.default_rng(0).normal(size=(4, 2, 3, 3)).astype(np.float16)
    with array_file(path, IMAGES, {}) as file:
        file.append("activation", values[:1])
        file.append("activation", values[1:])
    with open_activations(path, IMAGES) as (dataset,):
        assert dataset.dtype == np.float16
        np.testing.assert_array_equal(dataset[:], values)


def test_rows_larger_than_a_chunk_are_read_unchanged(tmp_path):
    path = tmp_path / "large.h5"
    values = np.arange(2 * 300_000, dtype=np.float32).reshape(2, -1)
    with array_file(path, ["a", "b"], {}) as file:
        file.append("pool", values)
    np.testing.assert_array_equal(read_descriptors(path, ["a", "b"])["pool"], values)


@pytest.mark.parametrize(
    "images", [IMAGES[::-1], IMAGES[:3], [*IMAGES, "d"], ["zurich", *IMAGES[1:]], []]
)
def test_a_file_of_other_images_is_refused(tmp_path, images):
    path = write_descriptors(tmp_path / "vgg16.h5")
    with pytest.raises(InputError, match=r"vgg16\.h5: holds other images; delete it"):
        read_descriptors(path, images)
    with pytest.raises(InputError, match="other images"), open_activations(path, images):
        pass


@pytest.mark.parametrize("byte", [0, 13, 4 * 7 * 4 - 1])
def test_a_single_flipped_bit_is_detected(tmp_path, byte):
    path = write_descriptors(tmp_path / "vgg16.h5")
    content = bytearray(path.read_bytes())
    content[content.index(POOL.tobytes()) + byte] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"vgg16\.h5: cannot be read \(.*; delete it and run"):
        read_descriptors(path, IMAGES)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = write_descriptors(tmp_path / "vgg16.h5")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"vgg16\.h5: cannot be read"):
        read_descriptors(path, IMAGES)


def test_other_files_are_refused(tmp_path):
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
