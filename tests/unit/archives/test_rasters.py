"""Rasters of any depth and bands: values, missing values and what is refused."""

from itertools import product

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile

from rsir.archives import rasters
from rsir.archives.rasters import describe_raster, read_planes
from rsir.core.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

KINDS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


def write(path, bands, dtype="uint16", driver="GTiff", **options):
    bands = np.asarray(bands).astype(dtype)
    size = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2]}
    with rasterio.open(path, "w", driver=driver, dtype=dtype, **size, **options) as file:
        file.write(bands)
    return path


def numbers(bands=3, height=20, width=24, most=100):
    return np.random.default_rng(0).integers(1, most, (bands, height, width))


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_those_of_the_file(tmp_path, kind):
    for compress, interleave, tiled in product(("none", "deflate"), ("pixel", "band"), (0, 1)):
        blocks = {"tiled": True, "blockxsize": 16, "blockysize": 16} if tiled else {}
        path = tmp_path / f"{compress}{interleave}{tiled}.tif"
        write(path, numbers(), kind, compress=compress, interleave=interleave, **blocks)
        with rasterio.open(path) as file:
            expected = file.read([3, 1]).astype(np.float32)
        for source in (path, path.read_bytes()):
            planes = read_planes(source, [3, 1], 3, "tag")
            assert [plane.values.dtype for plane in planes] == [np.float32] * 2
            assert np.array_equal([plane.values for plane in planes], expected)
            assert all(plane.missing is None for plane in planes)


def test_a_jpeg_2000_and_a_16_bit_png_are_read(tmp_path):
    values = numbers(3, 64, 64, 4000)
    options = {"QUALITY": "100", "REVERSIBLE": "YES"}
    for path in (
        write(tmp_path / "a.jp2", values, driver="JP2OpenJPEG", **options),
        write(tmp_path / "a.png", values, driver="PNG"),
    ):
        assert np.array_equal(
            [plane.values for plane in read_planes(path, [1, 2, 3], 3, 0)], values
        )


@pytest.mark.parametrize(
    ("nodata", "tag", "missing"),
    [("tag", 0, True), ("tag", None, False), ("ignore", 0, False), (0, None, True), (7, 0, False)],
)
def test_missing_values_are_replaced_by_the_mean_of_the_others(tmp_path, nodata, tag, missing):
    values = numbers() + 10
    values[0, :5] = 0
    (plane, other) = read_planes(write(tmp_path / "a.tif", values, nodata=tag), [1, 2], 3, nodata)
    assert other.missing is None or not other.missing.any()
    assert np.array_equal(plane.values[5:], values[0, 5:])
    if missing:
        assert plane.missing.mean() == 0.25
        assert plane.values[:5] == pytest.approx(values[0, 5:].mean())
        assert len(plane.valid) == 15 * 24
    else:
        assert (plane.values[:5] == 0).all()


@pytest.mark.parametrize("nodata", ["tag", "ignore", "empty_band", -9999])
def test_values_that_are_not_finite_are_missing(tmp_path, nodata):
    values = numbers().astype(float)
    values[0, 0, :3] = np.nan, np.inf, -np.inf
    (plane,) = read_planes(write(tmp_path / "a.tif", values, "float32"), [1], 3, nodata)
    assert plane.missing.sum() == 3
    assert plane.values[0, :3] == pytest.approx(values[0][np.isfinite(values[0])].mean())


def test_a_nodata_value_of_nan_marks_nan(tmp_path):
    values = numbers().astype(float)
    values[0, 0, 0] = np.nan
    path = write(tmp_path / "a.tif", values, "float32", nodata=np.nan)
    assert read_planes(path, [1], 3, "tag")[0].missing.sum() == 1


def test_an_empty_band_is_missing_as_a_whole_and_a_zero_is_not(tmp_path):
    values = numbers()
    values[0, 0, 0], values[1] = 0, 0
    path = write(tmp_path / "a.tif", values, nodata=0)
    some, empty = read_planes(path, [1, 2], 3, "empty_band")
    assert some.missing is None
    assert some.values[0, 0] == 0
    assert empty.missing.all()
    assert np.isnan(empty.values).all()
    assert len(empty.valid) == 0


def test_alpha_channels_and_inner_masks_mark_missing_values(tmp_path):
    values = numbers(4)
    values[3] = 255
    values[3, :4] = 0
    masked = write(tmp_path / "alpha.tif", values, "uint8", photometric="RGB", alpha="YES")
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        path = write(tmp_path / "mask.tif", values[:3], "uint8")
        with rasterio.open(path, "r+") as file:
            file.write_mask(values[3].astype(np.uint8))
    for image in (masked, path):
        (plane,) = read_planes(image, [2], 3, "tag")
        assert plane.missing[:4].all()
        assert not plane.missing[4:].any()
        assert read_planes(image, [2], 3, "ignore")[0].missing is None
    assert np.array_equal(read_planes(masked, [4], 4, "ignore")[0].values, values[3])


def test_files_beside_a_raster_do_not_count(tmp_path):
    path = write(tmp_path / "a.tif", numbers())
    path.with_name("a.tif.aux.xml").write_text(
        "<PAMDataset><PAMRasterBand band='1'><NoDataValue>5</NoDataValue></PAMRasterBand>"
        "</PAMDataset>"
    )
    with rasterio.open(path) as file:
        assert file.nodatavals[0] == 5
    assert read_planes(path, [1], 3, "tag")[0].missing is None


def palette(path):
    write(path, numbers(1), "uint8")
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {0: (1, 2, 3, 255)})


REFUSED = {
    "other bands": (lambda path: write(path, numbers(5)), "5 bands of uint16, but .* have 3"),
    "one band": (lambda path: write(path, numbers(1)), "1 band of uint16, but .* have 3"),
    "complex": (lambda path: write(path, numbers(), "complex64"), "3 bands of complex64; convert"),
    "text": (lambda path: path.write_text("no image"), "not an image that GDAL reads; convert"),
    "virtual raster": (lambda path: path.write_text("<VRTDataset/>"), "not an image that GDAL"),
    "empty": (lambda path: path.write_bytes(b""), "not an image that GDAL reads"),
    "no directory": (
        lambda path: path.write_bytes(b"II*\0\x10\0\0\0"),
        "cannot be decoded as TIFF",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path, capfd, name):
    spoil, message = REFUSED[name]
    path = tmp_path / "a.tif"
    spoil(path)
    with pytest.raises(InputError, match=message) as caught:
        read_planes(path, [1, 2, 3], 3, "tag")
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_palette_is_no_measurement(tmp_path):
    palette(tmp_path / "a.tif")
    with pytest.raises(InputError, match="a palette of colours, not measurements"):
        read_planes(tmp_path / "a.tif", [1], 1, "tag")


def test_too_many_pixels_or_values_are_refused_by_the_header(tmp_path, monkeypatch):
    path = write(tmp_path / "a.tif", numbers())
    monkeypatch.setattr(rasters, "MAX_VALUES", 2 * 20 * 24)
    read_planes(path, [1, 2], 3, "tag")
    with pytest.raises(InputError, match=r"a\.tif: 24×20 pixels of 3 bands, more than the limit"):
        read_planes(path, [1, 2, 3], 3, "tag")
    monkeypatch.setattr(rasters, "MAX_PIXELS", 20 * 24 - 1)
    with pytest.raises(InputError, match=r"a\.tif: 24×20 pixels, more than the limit of 479"):
        read_planes(path, [1], 3, "tag")


def test_a_raster_is_described_in_words(tmp_path):
    with MemoryFile() as file:
        options = {"driver": "GTiff", "height": 2, "width": 2, "dtype": "uint16"}
        with file.open(count=1, nbits=12, **options):
            pass
        assert describe_raster(bytes(file.getbuffer())) == "1 band of 12 bits"
    assert describe_raster(write(tmp_path / "a.tif", numbers(13))) == "13 bands of uint16"
