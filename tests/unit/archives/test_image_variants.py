"""Images in many encodings: each is read as it is, or refused by what it is."""

import re
import subprocess
import sys

import numpy as np
import pytest
import rasterio

import image_variants as variants
from project import SHARED
from rsir.archives.pictures import read_picture
from rsir.core.errors import InputError

CASES = SHARED / "cases" / "make_images.py"

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of all variants."""
    folder = tmp_path_factory.mktemp("variants")
    for name, write in variants.WRITERS.items():
        write(folder / name)
    return folder


def test_there_are_many_variants():
    assert len(variants.WRITERS) >= 100


def test_pictures_are_read_exactly(folder):
    wrong = []
    for name, expected in variants.READ.items():
        pixels = read_picture(folder / name)
        again = read_picture((folder / name).read_bytes())
        if not (np.array_equal(pixels, expected) and np.array_equal(again, expected)):
            wrong.append(name)
    assert not wrong


def test_pictures_of_lossy_compression_are_read_as_by_gdal(folder):
    for name in variants.READ_AS_GDAL:
        with rasterio.open(folder / name) as file:
            expected = np.moveaxis(file.read(), 0, 2).astype(int)
        assert np.abs(read_picture(folder / name) - expected).max() <= 2, name


def test_other_images_are_refused_by_what_they_are(folder, capfd):
    for name, message in variants.REFUSED.items():
        with pytest.raises(InputError) as caught:
            read_picture(folder / name)
        assert re.search(message, str(caught.value)), caught.value
        assert str(caught.value).startswith(f"{folder / name}: ")
        assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("compress", ["none", "lzw", "deflate", "zstd", "lerc", "jpeg"])
def test_a_truncated_tiff_is_refused_in_one_line_and_nothing_is_printed(tmp_path, capfd, compress):
    path = tmp_path / "half.tif"
    variants.gdal(variants.RGB, compress=compress)(path)
    content = path.read_bytes()
    for part in (content[: len(content) // 2], content[:9]):
        path.write_bytes(part)
        with pytest.raises(InputError, match=r"half\.tif: cannot be decoded .*; replace the file"):
            read_picture(path)
    assert capfd.readouterr() == ("", "")


def test_no_picture_of_the_cases_differs_from_what_gdal_reads(tmp_path):
    if not CASES.is_file():
        pytest.skip("the cases are not available")
    subprocess.run([sys.executable, CASES, tmp_path], check=True, capture_output=True)
    truth, colours = (np.load(tmp_path / f"{name}.npy") for name in ("truth", "palette_truth"))
    counts = {"read": 0, "refused": 0}
    for path in sorted(tmp_path.iterdir()):
        if path.suffix == ".npy":
            continue
        try:
            pixels = read_picture(path).astype(int)
        except InputError:
            counts["refused"] += 1
            continue
        counts["read"] += 1
        with rasterio.open(path) as file:
            bands = file.read().astype(int)
            is_palette = file.colorinterp[0].name == "palette"
        if is_palette and path.suffix == ".png":
            expected = colours
        elif is_palette:
            table = np.array([colour[:3] for _, colour in sorted(file_colours(path).items())])
            expected = table[bands[0]]
        elif path.name.startswith("tf_orientation"):
            expected = truth
        elif path.name == "tf_minisWhite.tif":
            expected = 255 - bands.transpose(1, 2, 0)
        elif path.name.startswith("pil_1bit"):
            expected = 255 * (bands.transpose(1, 2, 0) > 0)
        else:
            expected = bands[: 3 if len(bands) > 2 else 1].transpose(1, 2, 0)
        assert np.abs(pixels - expected).max() <= (2 if "j" in path.name.lower() else 0), path.name
    assert counts["read"] > 50
    assert counts["refused"] > 40


def file_colours(path):
    """Return the colour map of a raster."""
    with rasterio.open(path) as file:
        return file.colormap(1)
