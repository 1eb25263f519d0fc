"""Sensors: the names of their bands, on both sides."""

import csv

import pytest

from project import SHARED
from rsir.archives.sensors import SENSORS, canonical, find_bands, is_band, sensor_rgb
from rsir.core.errors import InputError

WEIGHTS = SHARED / "reference" / "remote_sensing_weights.csv"
OF_TWO = "sentinel1+sentinel2"


@pytest.mark.parametrize(
    ("sensor", "names"),
    [
        ("sentinel2", ("B2", "B02", "b02", "blue", "Blue")),
        ("sentinel2", ("B8A", "B8a", "b8a", "B08A")),
        ("sentinel2", ("B12", "b12")),
        ("sentinel1", ("VV", "vv")),
        (OF_TWO, ("B8", "B08", "nir")),
        ("landsat_tm_surface", ("SR_B3", "B3", "B03", "sr_b3")),
        ("landsat_etm", ("B6_VCID_1", "b6_vcid_1")),
        ("naip", ("R", "red", "RED")),
        ("planet", ("NIR", "nir")),
        ("of my own", ("C07", "c7")),
    ],
)
def test_names_of_one_band(sensor, names):
    assert len({canonical(name, sensor) for name in names}) == 1


def test_bands_of_a_sensor_differ_and_have_their_rendering():
    for name, sensor in SENSORS.items():
        assert len({canonical(band, name) for band in sensor.bands}) == len(sensor.bands)
        assert set(sensor.rgb) <= set(sensor.bands)
        assert all(is_band(band) for band in sensor.bands)
    assert sensor_rgb(OF_TWO) == ("B04", "B03", "B02")
    assert sensor_rgb("sentinel1") == sensor_rgb("of my own") == ()
    assert canonical("B8", "sentinel2") != canonical("B8A", "sentinel2")


def test_bands_are_found_by_any_name_and_in_any_order():
    available = ("B02", "B03", "B8A")
    assert find_bands(["B8a", "B2"], available, "sentinel2") == [2, 0]
    assert find_bands(["B10", "B3"], available, "sentinel2", ["B10"]) == [None, 1]


def test_a_missing_band_is_refused_with_what_to_do():
    with pytest.raises(InputError) as caught:
        find_bands(["B2", "B10", "B1"], ("B02", "B03"), "sentinel2", ["B01"])
    assert str(caught.value) == (
        "the network needs band B10, which the images lack: they have B02, B03; "
        "use another network, or set its key missing: {B10: 0}"
    )


def test_bands_of_published_weights_are_known():
    if not WEIGHTS.is_file():
        pytest.skip("the table of weights is not available")
    with WEIGHTS.open(encoding="utf-8") as file:
        named = {band for row in csv.DictReader(file) for band in row["bands"].split()}
    assert {band for band in named if not is_band(band)} <= {"NDVI"}
