"""Thumbnails and their file."""

import io

import h5py
import numpy as np
import pytest
from PIL import Image

from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.archives.synthetic import draw_tile
from rsir.archives.thumbnails import (
    MOST_BYTES,
    make_thumbnails,
    read_thumbnails,
    thumbnail,
    write_thumbnails,
)
from rsir.core.errors import InputError


def decode(jpeg):
    return Image.open(io.BytesIO(jpeg))


@pytest.mark.parametrize(
    ("size", "shrunk"),
    [
        ((256, 256), (128, 128)),
        ((300, 150), (128, 64)),
        ((90, 2000), (6, 128)),
        ((50, 40), (50, 40)),
        ((1, 9000), (1, 128)),
    ],
)
def test_the_longer_side_is_shrunk_to_128_pixels(size, shrunk):
    image = decode(thumbnail(np.asarray(Image.new("RGB", size, "teal"))))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", shrunk)


@pytest.mark.parametrize("scene", ["harbor", "mobilehomepark", "freeway"])
def test_the_size_of_a_tile_is_just_below_the_maximum(scene):
    tile, _ = draw_tile(scene, 0, seed=0)
    assert 0.8 * MOST_BYTES < len(thumbnail(tile)) <= MOST_BYTES


def test_noise_has_the_lowest_quality_even_above_the_maximum():
    noise = np.random.default_rng(0).choice(np.array([0, 255], np.uint8), (128, 128, 3))
    jpeg = thumbnail(noise)
    assert MOST_BYTES < len(jpeg) < 2 * MOST_BYTES


@pytest.mark.parametrize("workers", [1, 3])
def test_thumbnails_are_in_the_order_of_the_images(archive_images, root, workers):
    jpegs = list(make_thumbnails(archive_images[::-1], workers))
    first, last = (np.asarray(decode(jpeg), float) for jpeg in (jpegs[0], jpegs[-1]))
    with Image.open(root / "i.png") as i, Image.open(root / "a.png") as a:
        assert np.abs(first - i).mean() < np.abs(first - a).mean()
        assert np.abs(last - a).mean() < np.abs(last - i).mean()


def test_an_image_that_cannot_be_used_is_named(tmp_path):
    images = ArchiveImages(tmp_path, ["lost.png"], PICTURES)
    with pytest.raises(InputError, match=r"lost\.png: not a regular file"):
        list(make_thumbnails(images, 1))


@pytest.fixture
def path(tmp_path):
    (tmp_path / "archive.csv").write_text("image\n")
    path = tmp_path / "results" / "thumbnails.h5"
    write_thumbnails(
        path, tmp_path / "archive.csv", np.array(["a", "ç", "d"]), [b"one", b"three", b"two"]
    )
    return path


def test_written_thumbnails_are_read_by_row(path):
    images = np.array(["a", "ç", "d"])
    assert list(read_thumbnails(path, images, np.array([2, 0]))) == [b"two", b"one"]
    assert list(read_thumbnails(path, images, np.arange(3))) == [b"one", b"three", b"two"]


def test_the_file_is_readable_with_h5py(path):
    with h5py.File(path) as file:
        assert list(file["image"].asstr()) == ["a", "ç", "d"]
        assert file["jpeg"][1].tobytes() == b"three"
        assert set(file.attrs) == {"archive_sha256", "created", "code", "device"}


def test_thumbnails_of_other_images_are_refused(path):
    with pytest.raises(InputError, match=r"thumbnails\.h5: is damaged or of another archive"):
        list(read_thumbnails(path, np.array(["a", "c", "d"]), np.arange(3)))


def test_damaged_thumbnails_are_refused(path):
    content = bytearray(path.read_bytes())
    content[content.index(b"three")] ^= 1
    for damaged in (content, content[: len(content) // 2], b"not HDF5"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"thumbnails\.h5: is damaged"):
            list(read_thumbnails(path, np.array(["a", "ç", "d"]), np.arange(3)))
