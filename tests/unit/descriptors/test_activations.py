"""Stored and computed activations."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import fx, nn

from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.core.errors import InputError
from rsir.core.hdf5 import array_file
from rsir.descriptors.activation_source import consecutive_batches
from rsir.descriptors.activations import HeldActivations, StoredActivations, open_source
from rsir.descriptors.computed_activations import WAITING_PIECES, ComputedActivations
from rsir.descriptors.descriptor_files import open_activations
from rsir.networks.backbone import concatenated
from rsir.networks.load import load_backbone
from rsir.networks.preprocessing import resize_pixels
from rsir.networks.processor import Processor

CPU = Processor(torch.device("cpu"))


@pytest.fixture
def stored(small, archive, archive_images, tmp_path) -> Path:
    """A file of the activations of all images."""
    path = tmp_path / "activations.h5"
    images = list(archive["image"])
    with (
        open_source(None, archive, archive_images, small, 0, CPU) as source,
        array_file(path, images, {}) as file,
    ):
        for batch in source.batches(consecutive_batches(len(images), 4)):
            file.append("activation", batch.tensors[0].numpy())
    return path


def damage(path: Path, values: bytes) -> None:
    """Flip one bit of the given bytes in the file."""
    content = bytearray(path.read_bytes())
    content[content.index(values)] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [(5, 2, [[0, 1], [2, 3], [4]]), (4, 2, [[0, 1], [2, 3]]), (2, 9, [[0, 1]]), (0, 3, [])],
)
def test_consecutive_batches(count, size, expected):
    assert [batch.tolist() for batch in consecutive_batches(count, size)] == expected


@pytest.mark.parametrize("workers", [0, 2])
def test_computed_activations_are_the_output_of_the_trunk_in_half_precision(
    small, archive, archive_images, workers
):
    pixels = np.stack([resize_pixels(image, 16) for image in archive_images])
    with torch.inference_mode():
        expected = small.trunk(small.preprocessing.normalise(torch.from_numpy(pixels))).half()
    batches = [np.array([8, 0, 3]), np.array([1])]
    with open_source(None, archive, archive_images, small, workers, CPU) as source:
        computed = list(source.batches(batches))
    assert [batch.tensors[0].shape for batch in computed] == [(3, 4, 8, 8), (1, 4, 8, 8)]
    for rows, (batch,) in zip(batches, computed, strict=True):
        assert batch.dtype == torch.float16
        torch.testing.assert_close(batch, expected[rows])


def test_stored_and_computed_activations_are_equal_in_any_order(
    small, archive, archive_images, stored
):
    rows = np.random.default_rng(0).permutation(len(archive))
    batches = np.split(rows, [3, 4])
    with (
        open_source(stored, archive, archive_images, small, 0, CPU) as from_file,
        open_source(None, archive, archive_images, small, 0, CPU) as from_images,
    ):
        assert isinstance(from_file, StoredActivations)
        assert isinstance(from_images, ComputedActivations)
        pairs = zip(from_file.batches(batches), from_images.batches(batches), strict=True)
        for (read,), (computed,) in pairs:
            assert read.dtype == computed.dtype
            assert torch.equal(read, computed)


def test_held_activations_are_those_of_the_file(archive, stored):
    rows = np.array([7, 2, 3, 5])
    batches = [np.array([5, 2]), np.array([3]), np.array([7, 2, 5])]
    with open_activations(stored, list(archive["image"])) as datasets:
        source = StoredActivations(*datasets)
        held = HeldActivations(source, rows, CPU.device)
        assert source.bytes_of(rows) == 4 * datasets[0][0].nbytes
        pairs = zip(held.batches(batches), source.batches(batches), strict=True)
        assert all(torch.equal(one, other) for (one,), (other,) in pairs)


def test_workers_deliver_pieces_that_fit_into_the_shared_memory_of_a_container(small):
    bands = replace(small.preprocessing, size=224, bands=tuple("abcdefghijklm"))
    for preprocessing, workers in ((replace(bands, bands=None, size=299), 7), (bands, 7)):
        backbone = replace(small, preprocessing=preprocessing)
        large = replace(CPU, batch_size=128)
        source = ComputedActivations(backbone, [], workers, large)
        waiting = WAITING_PIECES * workers * source.piece_size * preprocessing.image_bytes
        assert waiting < 48 << 20
        assert 1 <= source.piece_size <= 16


@pytest.mark.parametrize("workers", [0, 2])
def test_the_pieces_of_a_batch_do_not_change_it(small, archive_images, monkeypatch, workers):
    rows = [np.array([8, 0, 3, 1, 4]), np.array([1])]
    expected = list(ComputedActivations(small, archive_images, 0, CPU).batches(rows))
    monkeypatch.setattr("rsir.descriptors.computed_activations.PIECE_SIZE", 2)
    source = ComputedActivations(small, archive_images, workers, CPU)
    for _ in range(2):  # with the same workers
        pairs = zip(source.batches(rows), expected, strict=True)
        assert all(torch.equal(one, other) for (one,), (other,) in pairs)
    source.stop_workers()


def test_a_row_may_be_read_twice(archive, stored):
    with open_activations(stored, list(archive["image"])) as (dataset,):
        ((batch,),) = StoredActivations(dataset).batches([np.array([5, 2, 5])])
        assert torch.equal(batch, torch.from_numpy(dataset[:])[[5, 2, 5]])


def test_the_trunk_is_not_modified(small, archive, archive_images):
    before = {name: value.clone() for name, value in small.trunk.state_dict().items()}
    with open_source(None, archive, archive_images, small, 0, CPU) as source:
        list(source.batches([np.arange(9)]))
    after = small.trunk.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_activations_that_overflow_half_precision_are_refused(small, archive, archive_images):
    trunk = fx.symbolic_trace(nn.Sequential(small.trunk, nn.Threshold(1.0, 65_520.0)))
    large = replace(small, trunk=trunk)
    with (
        open_source(None, archive, archive_images, large, 0, CPU) as source,
        pytest.raises(InputError, match=r"exceed the range of half precision \(65,504\)"),
    ):
        list(source.batches([np.arange(2)]))


def test_no_bit_of_an_activation_depends_on_the_batch_of_its_image(archive, archive_images):
    """Convolutions of batches of other sizes may round differently."""
    backbone = load_backbone(None, "timm", "tf_efficientnet_lite0", "random")
    names = pd.concat([archive, archive])
    order = np.random.default_rng(0).permutation(len(names))
    with open_source(None, names, [*archive_images, *archive_images], backbone, 1, CPU) as source:
        (consecutive,) = concatenated(source.batches(consecutive_batches(len(names), 16)))
        (shuffled,) = concatenated(source.batches(np.split(order, [1, 6])))
    assert torch.equal(shuffled, consecutive[order])


@pytest.mark.parametrize("workers", [0, 2])
def test_an_unreadable_image_is_named_in_one_line(small, archive, root, tmp_path, workers):
    (tmp_path / "a.png").write_text("no image")
    archive.loc[7, "path"] = str(tmp_path / "a.png")
    images = ArchiveImages(root, archive["path"], PICTURES)
    with (
        open_source(None, archive, images, small, workers, CPU) as source,
        pytest.raises(InputError) as caught,
    ):
        list(source.batches(consecutive_batches(len(archive), 3)))
    assert str(caught.value).startswith(f"{tmp_path / 'a.png'}: not an image in ")
    assert "\n" not in str(caught.value)


def test_activations_of_other_images_are_refused(small, archive, archive_images, stored):
    other = archive.iloc[::-1]
    with (
        pytest.raises(InputError, match=r"activations\.h5: holds other images; delete it"),
        open_source(stored, other, archive_images, small, 0, CPU),
    ):
        pass


def test_damaged_activations_are_detected(small, archive, archive_images, stored):
    with open_activations(stored, list(archive["image"])) as (dataset,):
        values = dataset[4].tobytes()
    damage(stored, values)
    with (
        open_source(stored, archive, archive_images, small, 0, CPU) as source,
        pytest.raises(InputError, match=r"activations\.h5: cannot be read \(.*; delete it"),
    ):
        list(source.batches([np.arange(9)]))


def test_other_errors_are_not_attributed_to_the_activations(small, archive, archive_images, stored):
    with (
        pytest.raises(OSError, match="no space left"),
        open_source(stored, archive, archive_images, small, 0, CPU),
    ):
        raise OSError("no space left")
