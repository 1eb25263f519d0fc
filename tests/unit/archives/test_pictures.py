"""Reading of image files as 8-bit RGB."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from rsir.archives.pictures import MAX_PIXELS, read_picture
from rsir.core.errors import InputError


def noise_image(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def png(width: int, height: int, depth: int, pixels: bytes) -> bytes:
    """Return an RGB PNG, which Pillow cannot write with 16 bits or a wrong size."""

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
    pixels = read_picture(path)
    assert (pixels.dtype, pixels.shape) == (np.uint8, (2, 3, 3))
    assert tuple(pixels[0, 0]) == expected


@pytest.mark.filterwarnings("error")
def test_palette_colours_are_resolved_and_transparency_is_dropped(tmp_path):
    path = tmp_path / "image.png"
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 200, 100, 50])
    palette.putpixel((1, 0), 1)
    palette.save(path, transparency=bytes([0, 128]))
    assert read_picture(path)[0].tolist() == [[10, 20, 30], [200, 100, 50]]


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_orientation_is_applied_once(tmp_path, ending):
    path = tmp_path / f"image.{ending}"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be rotated clockwise by 90 degrees
    upright = noise_image(4, 7)
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    assert np.array_equal(read_picture(path), upright)


@pytest.mark.parametrize(("mode", "kind"), [("I;16", "uint16"), ("I", "int32"), ("F", "float32")])
def test_wide_modes_are_refused(tmp_path, mode, kind):
    path = tmp_path / "wide.tif"
    Image.new(mode, (2, 2)).save(path)
    with pytest.raises(InputError, match=rf"wide\.tif: 1 band of {kind}, not an 8-bit .*convert"):
        read_picture(path)


def test_sixteen_bit_colour_is_refused_although_pillow_converts_it(tmp_path):
    path = tmp_path / "wide.png"
    path.write_bytes(png(2, 1, 16, b"\0" + bytes(12)))
    with Image.open(path) as image:
        assert image.mode == "RGB"
    with pytest.raises(InputError, match=r"wide\.png: 3 bands of uint16, not an 8-bit picture"):
        read_picture(path)


@pytest.mark.parametrize("ending", ["bmp", "jpg", "png", "tif", "webp"])
def test_a_truncated_file_is_refused(tmp_path, ending):
    path = tmp_path / f"half.{ending}"
    noise_image(64, 64).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=rf"half\.{ending}: cannot be decoded"):
        read_picture(path)


@pytest.mark.parametrize("content", [b"", b"not an image"])
def test_a_file_that_is_not_an_image_is_refused(tmp_path, content):
    path = tmp_path / "text.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"text\.png: not an image"):
        read_picture(path)


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.png"):
        with pytest.raises(InputError, match=f"{path.name}: not a regular file"):
            read_picture(path)


@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
def test_several_frames_are_refused(tmp_path, ending):
    path = tmp_path / f"film.{ending}"
    noise_image(8, 8).save(path, save_all=True, append_images=[Image.new("RGB", (8, 8))])
    with pytest.raises(InputError, match="several frames"):
        read_picture(path)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("width", [MAX_PIXELS // 1000 + 1, 400_000])
def test_a_too_large_image_is_refused_by_its_header(tmp_path, width):
    path = tmp_path / "large.png"
    path.write_bytes(png(width, 1000, 8, b""))
    with pytest.raises(InputError, match=rf"large\.png: .*{width}"):
        read_picture(path)
