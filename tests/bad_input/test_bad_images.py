"""Images that are no use, and images that look odd and are of use."""

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from project import Project
from rsir.archives.image_files import describe_images
from rsir.archives.label_table import read_table
from rsir.archives.pictures import read_picture
from rsir.core.errors import InputError

ARCHIVE = "results/mine/archive.csv"


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def sixteen_bits(path: Path) -> None:
    Image.new("I;16", (4, 4)).save(path)


def animated(path: Path) -> None:
    Image.new("RGB", (4, 4)).save(path, save_all=True, append_images=[Image.new("RGB", (4, 4), 9)])


def of_five_bands(path: Path) -> None:
    """A TIFF of one pixel with five samples, as from a multispectral camera."""
    tags = [
        *((256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 8), (277, 5), (278, 1), (279, 5)),
    ]
    entries = b"".join(
        tag.to_bytes(2, "little") + b"\4\0\1\0\0\0" + value.to_bytes(4, "little")
        for tag, value in tags
    )
    directory = len(tags).to_bytes(2, "little") + entries + bytes(4)
    path.write_bytes(b"II*\0\x10\0\0\0" + b"\1\2\3\4\5\0\0\0" + directory)


def of_huge_size(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2  # width and height in a PNG's header
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    path.write_bytes(content)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere.png")


def link_out(path: Path) -> None:
    path.rename(path.parents[1] / "secret.png")
    path.symlink_to("../secret.png")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def name_with_a_line_break(path: Path) -> None:
    path.rename(path.with_name("por\nt0.png"))


def name_in_latin_1(path: Path) -> None:
    path.rename(path.with_name(os.fsdecode(b"caf\xe9.png")))


def second_of_one_id(path: Path) -> None:
    Image.new("RGB", (2, 2)).save(path.with_suffix(".jpg"))


# What becomes of mine/port0.png; then what the one line says.
REFUSED: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "truncated": (half, ("mine/port0.png: cannot be decoded", "replace the file")),
    "empty": (lambda path: path.write_bytes(b""), ("port0.png: not an image in", "convert it")),
    "text": (lambda path: path.write_text("port"), ("port0.png: not an image in", "convert it")),
    "16 bits": (
        sixteen_bits,
        ("port0.png: 1 band of uint16, not an 8-bit picture", "convert it to 8-bit"),
    ),
    "animated": (animated, ("port0.png: several frames or pages", "keep one")),
    "five bands": (
        of_five_bands,
        ("port0.png: 5 bands of uint8, not an 8-bit picture", "bands: [1, 2, …, 5]"),
    ),
    "huge by its header": (of_huge_size, ("mine/port0.png: ", "pixels")),
    "pipe": (pipe, ("port0.png: not a regular file", "put an image there or remove its row")),
    "broken link": (broken_link, ("port0.png: not a regular file", "put an image there")),
    "link out of the root": (link_out, ("port0.png: a symbolic link leads outside mine", "copy")),
    "folder": (folder, ("1 of 10 rows without an image: 'port0'", "add the images")),
    "line break": (name_with_a_line_break, (r"mine: 'por\nt0.png' has a line break", "rename it")),
    "no Unicode": (name_in_latin_1, (r"mine: 'caf\udce9.png' has a line break or", "rename it")),
    "two of one id": (second_of_one_id, ("two images 'port0', port0.jpg and port0.png", "rename")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_image_of_no_use_is_refused_in_one_line(mine, name):
    spoil, parts = REFUSED[name]
    root, labels = mine.path("mine"), mine.path("mine.csv")
    spoil(root / "port0.png")
    with pytest.raises(InputError) as caught:
        describe_images(read_table(root, labels).table, root, 2)
    message = str(caught.value).replace(str(root), "mine")
    assert "\n" not in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize("name", ["truncated", "pipe", "link out of the root"])
def test_an_image_of_no_use_is_told_by_the_first_rule(mine, attempt, assert_refused, name):
    spoil, parts = REFUSED[name]
    spoil(mine.path("mine/port0.png"))
    assert_refused(mine, attempt(mine, ARCHIVE), *parts)


def pixels(mode: str, colour: object) -> Callable[[Path], None]:
    return lambda path: Image.new(mode, (3, 2), colour).save(path)


def palette(path: Path) -> None:
    image = Image.new("P", (3, 2))
    image.putpalette([10, 20, 30])
    image.save(path)


def rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    Image.new("RGB", (2, 3), (10, 20, 30)).save(path, exif=exif)


GREY, BLUISH = (90, 90, 90), (10, 20, 30)

# How an image is made, its file, and the first of its 3×2 pixels as they are read.
USABLE: dict[str, tuple[Callable[[Path], None], str, tuple[int, int, int]]] = {
    "CMYK": (pixels("CMYK", (255, 0, 0, 0)), "cmyk.tif", (0, 255, 255)),
    "one band": (pixels("L", 90), "band.tif", GREY),
    "alpha": (pixels("RGBA", (10, 20, 30, 0)), "alpha.png", BLUISH),
    "palette": (palette, "palette.png", BLUISH),
    "four bands": (pixels("RGBX", (10, 20, 30, 200)), "infrared.tif", BLUISH),
    "rotated by EXIF": (rotated, "rotated.png", BLUISH),
    "another ending": (
        lambda path: Image.new("RGB", (3, 2), BLUISH).save(path, "PNG"),
        "png.jpg",
        BLUISH,
    ),
    "spaces": (pixels("RGB", BLUISH), "a tile  of mine.png", BLUISH),
    "Unicode": (pixels("RGB", BLUISH), "zürich 東京.png", BLUISH),
    "Unicode, decomposed as on a Mac": (pixels("RGB", BLUISH), "a\u0301rbol.png", BLUISH),
    "commas and quotes": (pixels("RGB", BLUISH), 'a,"b".png', BLUISH),
}


def test_an_image_that_looks_odd_is_read_for_what_it_is(mine: Project, attempt):
    rows = []
    for make, file, colour in USABLE.values():
        path = mine.path("mine") / file
        make(path)
        pixels = read_picture(path)
        assert (pixels.dtype, pixels.shape) == ("uint8", (2, 3, 3)), file
        assert tuple(pixels[0, 0]) == colour, file
        rows.append(Path(file).stem.replace("a\u0301", "á"))
    Image.new("RGB", (1, 1)).save(mine.path("mine/dot.png"))
    table = mine.path("mine.csv")
    quoted = ['"' + row.replace('"', '""') + '"' for row in [*rows, "dot"]]
    table.write_text(table.read_text() + "".join(f"{row},port,1,0\n" for row in quoted))
    outcome = attempt(mine, ARCHIVE)
    assert outcome.status == 0, outcome.text
    archive = pd.read_csv(mine.path(ARCHIVE)).set_index("image")
    assert list(archive.index[10:]) == [*rows, "dot"]
    assert archive.loc[rows, ["width", "height"]].drop_duplicates().to_numpy().tolist() == [[3, 2]]
    assert archive.loc["dot", ["width", "height"]].tolist() == [1, 1]
    assert all(mine.path("mine").joinpath(path).is_file() for path in archive["path"])
