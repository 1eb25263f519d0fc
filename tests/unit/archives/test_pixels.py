import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import InterpolationMode, functional

from project import SHARED
from rsir.archives.pixels import MAX_PIXELS, read_image
from rsir.core.errors import InputError
from rsir.networks.preprocessing import load_pixels

UCMERCED = SHARED / "data" / "ucmerced40" / "Images"


def picture(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def png(width: int, height: int, depth: int, pixels: bytes) -> bytes:
    """Build a PNG of RGB pixels, which Pillow cannot write at 16 bits or with a false size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, (255, 255, 255)),
        ("L", 90, (90, 90, 90)),
        ("LA", (90, 0), (90, 90, 90)),
        ("RGB", (10, 20, 30), (10, 20, 30)),
        ("RGBA", (10, 20, 30, 0), (10, 20, 30)),
        ("CMYK", (255, 0, 0, 0), (0, 255, 255)),
        ("YCbCr", (90, 128, 128), (90, 90, 90)),
    ],
)
def test_eight_bit_modes_become_rgb(tmp_path, mode, colour, expected):
    path = tmp_path / "image.tif"
    Image.new(mode, (3, 2), colour).save(path)
    image = read_image(path)
    assert (image.mode, image.size) == ("RGB", (3, 2))
    assert image.getpixel((0, 0)) == expected


@pytest.mark.filterwarnings("error")
def test_a_palette_is_looked_up_and_its_transparency_dropped(tmp_path):
    path = tmp_path / "image.png"
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 200, 100, 50])
    palette.putpixel((1, 0), 1)
    palette.save(path, transparency=bytes([0, 128]))
    image = read_image(path)
    assert [image.getpixel((x, 0)) for x in (0, 1)] == [(10, 20, 30), (200, 100, 50)]


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_orientation_is_applied_once(tmp_path, ending):
    path = tmp_path / f"image.{ending}"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise by 90 degrees
    upright = picture(4, 7)
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    assert np.array_equal(read_image(path), upright)


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_wide_modes_are_refused(tmp_path, mode):
    path = tmp_path / "wide.tif"
    Image.new(mode, (2, 2)).save(path)
    with pytest.raises(InputError, match=r"wide\.tif: pixels of Pillow's mode .*convert"):
        read_image(path)


def test_sixteen_bit_colour_is_refused_though_pillow_narrows_it(tmp_path):
    path = tmp_path / "wide.png"
    path.write_bytes(png(2, 1, 16, b"\0" + bytes(12)))
    with Image.open(path) as narrowed:
        assert narrowed.mode == "RGB"
    with pytest.raises(InputError, match=r"wide\.png: 16 bits a channel"):
        read_image(path)


@pytest.mark.parametrize("ending", ["bmp", "jpg", "png", "tif", "webp"])
def test_a_truncated_file_is_refused(tmp_path, ending):
    path = tmp_path / f"half.{ending}"
    picture(64, 64).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=rf"half\.{ending}: cannot be decoded"):
        read_image(path)


@pytest.mark.parametrize("content", [b"", b"not an image"])
def test_what_is_no_image_is_refused(tmp_path, content):
    path = tmp_path / "text.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"text\.png: not an image"):
        read_image(path)


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.png"):
        with pytest.raises(InputError, match=f"{path.name}: not a regular file"):
            read_image(path)


@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
def test_several_frames_are_refused(tmp_path, ending):
    path = tmp_path / f"film.{ending}"
    picture(8, 8).save(path, save_all=True, append_images=[Image.new("RGB", (8, 8))])
    with pytest.raises(InputError, match="several frames"):
        read_image(path)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("width", [MAX_PIXELS // 1000 + 1, 400_000])
def test_an_image_too_large_is_refused_by_its_header(tmp_path, width):
    path = tmp_path / "large.png"
    path.write_bytes(png(width, 1000, 8, b""))
    with pytest.raises(InputError, match=rf"large\.png: .*{width}"):
        read_image(path)


@pytest.mark.parametrize("size", [(256, 256), (300, 200), (199, 301), (257, 242)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_crop_is_that_of_torchvision(tmp_path, size, interpolation):
    path = tmp_path / "image.png"
    image = picture(*size)
    image.save(path)
    for side, shorter in ((224, 256), (299, 342), (224, 224), (33, 64)):
        scaled = functional.resize(image, shorter, InterpolationMode(interpolation))
        expected = np.asarray(functional.center_crop(scaled, [side, side]))
        pixels = load_pixels(path, side, "crop", shorter, interpolation)
        assert np.array_equal(pixels, expected)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_squash_is_that_of_torchvision(tmp_path, interpolation):
    path = tmp_path / "image.png"
    image = picture(257, 242)
    image.save(path)
    expected = np.asarray(functional.resize(image, [224, 224], InterpolationMode(interpolation)))
    pixels = load_pixels(path, 224, "squash", interpolation=interpolation)
    assert np.array_equal(pixels, expected)
    assert pixels.dtype == np.uint8


def test_squash_shows_the_edges_and_crop_cuts_them(tmp_path):
    path = tmp_path / "image.png"
    image = Image.new("RGB", (400, 200), "red")
    image.paste("blue", (100, 0, 300, 200))
    image.save(path)
    red, blue = (255, 0, 0), (0, 0, 255)
    squashed, cropped = load_pixels(path, 100), load_pixels(path, 100, "crop", 100)
    assert [tuple(squashed[50, x]) for x in (0, 50, 99)] == [red, blue, red]
    assert [tuple(cropped[50, x]) for x in (5, 50, 94)] == [blue, blue, blue]


def test_a_crop_larger_than_the_scaled_image_is_refused(tmp_path):
    path = tmp_path / "image.png"
    picture(8, 8).save(path)
    with pytest.raises(InputError, match=r"resize_size: 200 is less than .* 224"):
        load_pixels(path, 224, "crop", 200)


def test_real_tiles():
    if not UCMERCED.is_dir():
        pytest.skip("no UC Merced tiles here")
    for path in sorted(UCMERCED.glob("*/*00.tif")):
        pixels = load_pixels(path, 224)
        assert pixels.shape == (224, 224, 3)
        assert pixels.std() > 10
