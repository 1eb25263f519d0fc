"""Bands and renderings that do not agree with the files, each with its line."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

import archive as script
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.core.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

FOUR = {"bands": ["B02", "B03", "B04", "B08"], "sensor": "sentinel2"}
Change = Callable[[Path], None]


def write(path: Path, count: int = 4, dtype: str = "uint16", **options: Any) -> None:
    pixels = np.random.default_rng(count).integers(1, 200, (count, 8, 8)).astype(dtype)
    size = {"count": count, "height": 8, "width": 8, "dtype": dtype}
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", driver="GTiff", **size, **options) as file:
        file.write(pixels)


def zeros(path: Path) -> None:
    write(path, nodata=0)
    with rasterio.open(path, "r+") as file:
        file.write(np.zeros((4, 8, 8), np.uint16))


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def of_bands(path: Path) -> None:
    path.unlink()
    for band in ("B02", "B03", "B04"):
        write(path.with_suffix("") / f"t0_{band}.tif", 1)


def two_bands_a_file(path: Path) -> None:
    of_bands(path)
    write(path.with_suffix("") / "t0_B08.tif", 2)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def nothing(path: Path) -> None:
    assert path.exists()


# Keys of the archive, what becomes of port/t0.tif, and what the line says.
REFUSED: dict[str, tuple[dict[str, Any], Change, tuple[str, ...]]] = {
    "no bands named": (
        {},
        nothing,
        (
            "13 of 13 images cannot be used: ",
            "ft8.tif: 4 bands of uint16, not an 8-bit picture; name the bands in the archive",
            "bands: [1, 2, 3, 4] and rgb: {bands: [3, 2, 1], percentiles: [2, 98]}",
        ),
    ),
    "rgb without bands": (
        {"rgb": {"range": [0, 1]}},
        nothing,
        ("config: rgb: belongs to the key",),
    ),
    "nodata without bands": ({"nodata": 0}, nothing, ("config: nodata: belongs to the key bands",)),
    "too many bands": (
        {"bands": ["B02", "B03", "B04", "B08", "B11"], "sensor": "sentinel2"},
        nothing,
        ("4 bands of uint16, but the archive's images have 5; correct the archive's bands",),
    ),
    "too few bands": (
        {"bands": ["B02", "B03", "B04"], "sensor": "sentinel2"},
        nothing,
        ("4 bands of uint16, but the archive's images have 3",),
    ),
    "no such number": (
        {"bands": [1, 2, 7], "rgb": {"bands": [1, 2, 7]}},
        nothing,
        (
            "config: bands: there is no band 7",
            "t0.tif has 4",
        ),
    ),
    "no such rendered band": (
        {**FOUR, "rgb": {"bands": ["B04", "B03", "B99"]}},
        nothing,
        ("config: rgb.bands: B04, B03, B99 is not among the bands; name three of B02, B03",),
    ),
    "no rendered bands": (
        {"bands": ["a", "b", "c", "d"], "sensor": "mine"},
        nothing,
        ("config: rgb.bands: is needed; name three of a, b, c, d to be rendered as red",),
    ),
    "empty range": (
        {**FOUR, "rgb": {"range": [3000, 0]}},
        nothing,
        ("config: rgb.range: [3000, 0] is empty; write the lower value of each band first",),
    ),
    "empty range of a band": (
        {**FOUR, "rgb": {"range": [[0, 1], [0, 1], [2, 2]]}},
        nothing,
        ("config: rgb.range: [[0, 1], [0, 1], [2, 2]] is empty",),
    ),
    "empty percentiles": (
        {**FOUR, "rgb": {"percentiles": [98, 2]}},
        nothing,
        ("config: rgb.percentiles: [98, 2] is empty; write the lower one first",),
    ),
    "another number of bands": (
        FOUR,
        lambda path: write(path, 3),
        ("port/t0.tif: 3 bands of uint16, but the archive's images have 4",),
    ),
    "another number of bands, by number": (
        {"bands": [1, 2, 3], "rgb": {"bands": [3, 2, 1]}},
        lambda path: write(path, 5),
        ("port/t0.tif: 5 bands of uint16, but the archive's images have 4",),
    ),
    "truncated": (FOUR, half, ("port/t0.tif: cannot be decoded as TIFF (", "replace the file")),
    "text": (
        FOUR,
        lambda path: path.write_text("no"),
        ("port/t0.tif: not an image that GDAL reads; convert it to GeoTIFF",),
    ),
    "pipe": (FOUR, pipe, ("port/t0.tif: not a regular file; put an image there",)),
    "all missing": (FOUR, zeros, ("port/t0.tif: all its values are missing; remove it and its",)),
    "complex": (
        FOUR,
        lambda path: write(path, dtype="complex64"),
        ("port/t0.tif: 4 bands of complex64; convert it to real numbers",),
    ),
    "a band has no file": (
        FOUR,
        of_bands,
        ("port/t0: no file of band B08, such as …_B08.tif; correct the archive's bands or add",),
    ),
    "two bands in a file": (
        FOUR,
        two_bands_a_file,
        ("port/t0/t0_B08.tif: 2 bands of uint16, but the archive's images have 1",),
    ),
}


@pytest.fixture
def make_archive(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Return a function that runs the script of the archive and returns its folder of results."""
    for scene, count in (("port", 2), ("farm", 11)):
        for number in range(count):
            write(tmp_path / "tiles" / scene / f"{scene[0]}t{number}.tif")
    (tmp_path / "tiles" / "port" / "pt0.tif").rename(tmp_path / "tiles" / "port" / "t0.tif")

    def run(settings: dict[str, Any]) -> Path:
        outputs = [tmp_path / name for name in ("archive.csv", "attributes.csv", "pixels.json")]
        script.main(tmp_path / "tiles", {"kind": "folders", **settings}, 1, *outputs)
        return tmp_path

    return run


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_agree_is_refused_in_one_line(make_archive, tmp_path, capfd, name):
    settings, spoil, parts = REFUSED[name]
    spoil(tmp_path / "tiles" / "port" / "t0.tif")
    with pytest.raises(InputError) as caught:
        make_archive(settings)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message
    assert not (tmp_path / "pixels.json").exists()
    assert "Error" not in capfd.readouterr().err


def test_all_damaged_images_are_listed_at_once(make_archive, tmp_path):
    for path in (tmp_path / "tiles" / "farm").iterdir():
        half(path)
    with pytest.raises(InputError) as caught:
        make_archive(FOUR)
    message = str(caught.value)
    assert message.startswith("11 of 13 images cannot be used: ")
    assert message.endswith(" | … and 1 more")
    assert message.count("cannot be decoded as TIFF") == 10
    assert "\n" not in message


def test_missing_values_are_counted_and_warned_of(make_archive, tmp_path, caplog):
    caplog.set_level("INFO")
    path = tmp_path / "tiles" / "port" / "t0.tif"
    write(path, nodata=0)
    with rasterio.open(path, "r+") as file:
        pixels = file.read()
        pixels[:, :5] = 0
        file.write(pixels)
    folder = make_archive(FOUR)
    assert "1 of 13 images have missing values, 62.5 % of theirs on average" in caplog.text
    assert f"{path}: 62 % of its values are missing" in caplog.text
    stored = read_pixel_format(folder / "pixels.json")
    assert (stored.bands, stored.rgb) == (tuple(FOUR["bands"]), ("B04", "B03", "B02"))
    image = ArchiveImages(tmp_path / "tiles", ["port/t0.tif"], stored).select(["B04"])[0]
    assert image[:5] == pytest.approx(pixels[2, 5:].mean())
