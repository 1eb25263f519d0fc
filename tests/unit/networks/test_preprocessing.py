"""Resizing, cropping and normalisation, compared with torchvision."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode, functional

from project import SHARED
from rsir.core.errors import InputError
from rsir.networks.preprocessing import resize_pixels

UCMERCED = SHARED / "data" / "ucmerced40" / "Images"


def noise_image(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("size", [(256, 256), (300, 200), (199, 301), (257, 242)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_crop_is_the_same_as_in_torchvision(size, interpolation):
    image = noise_image(*size)
    for side, shorter in ((224, 256), (299, 342), (224, 224), (33, 64)):
        scaled = functional.resize(image, shorter, InterpolationMode(interpolation))
        expected = np.asarray(functional.center_crop(scaled, [side, side]))
        pixels = resize_pixels(np.asarray(image), side, "crop", shorter, interpolation)
        assert np.array_equal(pixels, expected)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_squash_is_the_same_as_in_torchvision(interpolation):
    image = noise_image(257, 242)
    expected = np.asarray(functional.resize(image, [224, 224], InterpolationMode(interpolation)))
    pixels = resize_pixels(np.asarray(image), 224, "squash", interpolation=interpolation)
    assert np.array_equal(pixels, expected)
    assert pixels.dtype == np.uint8


def test_squash_keeps_the_edges_and_crop_removes_them():
    image = Image.new("RGB", (400, 200), "red")
    image.paste("blue", (100, 0, 300, 200))
    red, blue = (255, 0, 0), (0, 0, 255)
    pixels = np.array(image)
    squashed, cropped = resize_pixels(pixels, 100), resize_pixels(pixels, 100, "crop", 100)
    assert [tuple(squashed[50, x]) for x in (0, 50, 99)] == [red, blue, red]
    assert [tuple(cropped[50, x]) for x in (5, 50, 94)] == [blue, blue, blue]


def test_a_crop_larger_than_the_scaled_image_is_refused():
    pixels = np.asarray(noise_image(8, 8))
    with pytest.raises(InputError, match=r"resize_size: 200 is less than .* 224"):
        resize_pixels(pixels, 224, "crop", 200)


def test_tiles_of_uc_merced():
    if not UCMERCED.is_dir():
        pytest.skip("the UC Merced tiles are not available")
    for path in sorted(UCMERCED.glob("*/*00.tif")):
        pixels = resize_pixels(np.asarray(Image.open(path)), 224)
        assert pixels.shape == (224, 224, 3)
        assert pixels.std() > 10


def test_pixels_are_normalised_as_in_torchvision(small):
    pixels = torch.randint(0, 256, (2, 16, 16, 3), dtype=torch.uint8)
    preprocessing = small.preprocessing
    scaled = pixels.permute(0, 3, 1, 2) / 255
    expected = functional.normalize(scaled, preprocessing.mean, preprocessing.std)
    normalised = preprocessing.normalise(pixels)
    torch.testing.assert_close(normalised, expected)
    assert normalised.dtype == torch.float32
    assert normalised.is_contiguous(memory_format=torch.channels_last)
