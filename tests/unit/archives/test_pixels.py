"""The images of an archive as arrays: the rendering, or bands by name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from PIL import Image
from torch.nn.functional import interpolate

from project import SHARED
from rsir.archives.image_files import describe_images, find_images
from rsir.archives.pixel_settings import resolve_pixel_format
from rsir.archives.pixels import (
    PICTURES,
    ArchiveImages,
    PixelFormat,
    read_pixel_format,
    write_pixel_format,
)
from rsir.core.errors import InputError

DATA = SHARED / "data"
SENTINEL2 = [*(f"B{number:02}" for number in range(1, 9)), "B8A", "B09", "B11", "B12"]

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

THREE = PixelFormat(
    sensor="sentinel2",
    bands=("B02", "B03", "B8A"),
    numbers=(1, 2, 3),
    count=3,
    rgb=("B8A", "B03", "B02"),
    range=((0, 510), (0, 255), (100, 200)),
    nodata="tag",
    mean=(1.0, 2.0, 3.0),
)


def write(path, bands, dtype="uint16", **options):
    bands = np.asarray(bands).astype(dtype)
    size = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2]}
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", driver="GTiff", dtype=dtype, **size, **options) as file:
        file.write(bands)


def numbers(*shape):
    return np.random.default_rng(0).integers(1, 400, shape)


@pytest.fixture
def values():
    return numbers(3, 8, 6)


@pytest.fixture
def images(tmp_path, values):
    write(tmp_path / "a.tif", values)
    return ArchiveImages(tmp_path, ["a.tif"], THREE)


def test_a_rendering_scales_three_bands_to_8_bits(images, values):
    rendering = images[0]
    assert (rendering.dtype, rendering.shape) == (np.uint8, (8, 6, 3))
    red, green, blue = values[::-1].astype(float)
    expected = np.stack([red / 2, green, (blue - 100) * 2.55], -1)
    assert np.abs(rendering - np.clip(expected, 0, 255)).max() <= 0.51


def test_bands_are_selected_by_name(images, values):
    assert np.array_equal(images.select(["B8a", "B2"])[0], np.moveaxis(values[[2, 0]], 0, -1))
    assert images.select(["B8a", "B2"])[0].dtype == np.float32
    assert np.array_equal(images.select(["B8a"]).select(None)[0], images[0])
    assert np.array_equal(images[:1].select(["B02", "B02"])[:][0][..., 1], values[0])


def test_a_missing_band_is_filled_if_its_value_is_stated(images, values):
    filled = images.select(["B10", "B3"], missing={"B10": 7.5})[0]
    assert (filled[..., 0] == 7.5).all()
    assert np.array_equal(filled[..., 1], values[1])
    with pytest.raises(InputError, match=r"needs band B10, .* missing: {B10: 0}"):
        images.select(["B10"])


def test_bands_of_another_sensor_are_refused(images):
    with pytest.raises(InputError, match="bands of landsat_tm, but the images are of sentinel2"):
        images.select(["B2"], "landsat_tm")
    joined = replace(THREE, sensor="sentinel1+sentinel2")
    assert len(ArchiveImages(Path(), ["x"], joined).select(["B2"], "sentinel2")) == 1


def test_pictures_have_three_bands(tmp_path):
    pixels = numbers(5, 7, 3).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a;b.png")
    images = ArchiveImages(tmp_path, ["a;b.png"], PICTURES)
    assert np.array_equal(images[0], pixels)
    assert np.array_equal(images.select(["blue", "R"])[0], pixels[..., [2, 0]])


def test_a_band_without_values_has_the_archives_mean(tmp_path):
    values = numbers(3, 4, 4)
    values[1] = 0
    write(tmp_path / "a.tif", values, nodata=0)
    (image,) = ArchiveImages(tmp_path, ["a.tif"], THREE).select(["B03", "B02"])
    assert (image[..., 0] == 2).all()
    assert np.array_equal(image[..., 1], values[0])


def test_bands_in_files_of_their_own_are_brought_to_the_finest_resolution(tmp_path):
    fine, coarse, coarsest = numbers(1, 12, 12), numbers(1, 6, 6), numbers(1, 2, 2)
    for band, values in (("B2", fine), ("B03", coarse), ("b8a", coarsest)):
        write(tmp_path / "patch" / f"of_2018_{band}.tif", values)
    (tmp_path / "patch" / "labels.json").write_text("{}")
    by_file = replace(THREE, count=0)
    (image,) = ArchiveImages(tmp_path, ["patch"], by_file).select(["B02", "B03", "B8A"])
    assert np.array_equal(image[..., 0], fine[0])
    for channel, values in ((1, coarse), (2, coarsest)):
        expected = interpolate(
            torch.from_numpy(values)[None].float(), (12, 12), mode="bilinear", antialias=True
        )
        assert np.abs(image[..., channel] - expected[0, 0].numpy()).max() < 1e-3
    (tmp_path / "patch" / "of_2018_b8a.tif").unlink()
    with pytest.raises(InputError, match=r"patch: no file of band B8A, such as …_B8A\.tif"):
        ArchiveImages(tmp_path, ["patch"], by_file)[0]


def test_an_image_may_have_several_files_or_folders(tmp_path):
    first, second = numbers(2, 4, 4), numbers(1, 8, 8)
    write(tmp_path / "s1.tif", first)
    write(tmp_path / "s2" / "a_B8A.tif", second)
    (image,) = ArchiveImages(tmp_path, ["s1.tif//s2"], replace(THREE, count=0)).select(
        ["B8A", "B3"]
    )
    assert image.shape == (8, 8, 2)
    assert np.array_equal(image[..., 0], second[0])
    assert image[..., 1].mean() == pytest.approx(first[1].mean(), rel=1e-5)


def test_folders_of_bands_are_found_as_images(tmp_path):
    for band in ("B02", "B03"):
        write(tmp_path / "port" / "p1" / f"p1_{band}.tif", numbers(1, 4, 4))
        write(tmp_path / "port" / f"t_{band}x.tif", numbers(1, 4, 4))
    assert find_images(tmp_path) == {
        "p1": "port/p1",
        "t_B02x": "port/t_B02x.tif",
        "t_B03x": "port/t_B03x.tif",
    }


def test_a_format_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "pixels.json"
    for one in (PICTURES, THREE, replace(THREE, nodata=-1.5)):
        write_pixel_format(path, one)
        assert read_pixel_format(path) == one
    for damaged in ("{", "[]", '{"sensor": "rgb"}'):
        path.write_text(damaged)
        with pytest.raises(InputError, match=r"pixels\.json: is damaged or missing"):
            read_pixel_format(path)


@pytest.mark.parametrize("version", [1, 2])
def test_patches_of_bigearthnet_are_those_of_rasterio(version):
    root = DATA / "bigearthnet" / f"v{version}"
    if not root.is_dir():
        pytest.skip("the patches are not available")
    folder = root / ("BigEarthNet-v1.0" if version == 1 else "BigEarthNet-S2")
    paths = list(find_images(folder).values())
    settings = {"bands": SENTINEL2, "sensor": "sentinel2", "nodata": "empty_band"}
    settings["rgb"] = {"range": [0, 2000]}
    archive_format = resolve_pixel_format(settings, folder, paths)
    images = ArchiveImages(folder, paths, archive_format)
    assert len(paths) == (8 if version == 1 else 1)
    for path, image, rendering in zip(paths, images.select(SENTINEL2), images, strict=True):
        assert (image.shape, image.dtype) == ((120, 120, 12), np.float32)
        assert np.isfinite(image).all()
        for channel, band in enumerate(SENTINEL2):
            (file,) = (folder / path).glob(f"*_{band}.tif")
            with rasterio.open(file) as raster:
                values = raster.read(1).astype(np.float32)
            whole = torch.from_numpy(values)[None, None]
            finest = interpolate(whole, (120, 120), mode="bilinear", antialias=True)[0, 0]
            assert np.abs(image[..., channel] - finest.numpy()).max() < 0.01, (path, band)
        red = np.clip(image[..., 3] / 2000 * 255, 0, 255)
        assert np.abs(rendering[..., 0] - red).max() <= 0.51


def test_tiles_of_eurosat_are_those_of_rasterio():
    root = DATA / "eurosat_ms"
    if not root.is_dir():
        pytest.skip("the tiles are not available")
    paths = list(find_images(root).values())
    names = [*(f"B{number:02}" for number in range(1, 13)), "B8A"]
    settings = {"bands": names, "sensor": "sentinel2", "rgb": {"range": [0, 2750]}}
    images = ArchiveImages(root, paths, resolve_pixel_format(settings, root, paths))
    assert len(paths) == 60
    for path, image in zip(paths, images.select(["B8a", "B1"]), strict=True):
        with rasterio.open(root / path) as raster:
            assert np.array_equal(image, np.moveaxis(raster.read([13, 1]), 0, -1))


# File → its keys in the configuration.
TROUBLED = {
    "cog_int16.tif": {"bands": [1]},
    "cog_nodata_nan.tif": {"bands": ["VV"], "sensor": "sentinel1"},
    "pix4d_alpha_nodata.tif": {"bands": ["R", "G", "B"]},
    "RGB.byte.tif": {"bands": ["R", "G", "B"]},
    "L7_ETMs.tif": {"bands": [1, 2, 3, 4, 5, 6], "rgb": {"bands": [3, 2, 1]}},
    "scene_band1.tif": {"bands": [1], "nodata": "ignore"},
}


@pytest.mark.parametrize("name", TROUBLED)
def test_troubled_rasters_are_those_of_rasterio_where_they_are_valid(name, tmp_path):
    if not (DATA / "geotiff").is_dir():
        pytest.skip("the rasters are not available")
    settings = TROUBLED[name]
    (tmp_path / name).symlink_to(DATA / "geotiff" / name)
    archive_format = resolve_pixel_format(settings, tmp_path, [name])
    (image,) = ArchiveImages(tmp_path, [name], archive_format).select(archive_format.bands)
    with rasterio.open(DATA / "geotiff" / name) as raster:
        values = raster.read(list(archive_format.numbers), masked=True)
    if settings.get("nodata") == "ignore":
        values = np.ma.array(values.data)
    values = np.ma.masked_invalid(values.astype(np.float32))
    assert np.isfinite(image).all()
    for channel, band in enumerate(values):
        valid = ~np.ma.getmaskarray(band)
        assert np.array_equal(image[..., channel][valid], band.data[valid])
        assert np.allclose(image[..., channel][~valid], band.mean(dtype=float), rtol=1e-3)


def test_rasters_that_cannot_be_used_have_a_line_each(archive):
    if not (DATA / "geotiff").is_dir():
        pytest.skip("the rasters are not available")
    for name, message in (
        ("corrupt.tif", "cannot be decoded as TIFF"),
        ("all-nodata.tif", "all its values are missing; remove it and its row"),
    ):
        settings = {"bands": ["B", "G", "R", "N"][: 3 if name == "corrupt.tif" else 4]}
        archive_format = resolve_pixel_format(settings, DATA / "geotiff", [name])
        with pytest.raises(InputError, match=message) as caught:
            describe_images(archive[:1].assign(path=name), DATA / "geotiff", 1, archive_format)
        assert "\n" not in str(caught.value)
