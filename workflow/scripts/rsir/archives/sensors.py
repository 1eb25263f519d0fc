"""Sensors and the names of their bands."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rsir.core.errors import InputError


@dataclass(frozen=True)
class Sensor:
    """The bands of a sensor, in its own order.

    Attributes
    ----------
    bands
        Names of the bands.
    rgb
        The bands of red, green and blue light; empty without.
    aliases
        Further names of bands. Leading zeros and upper or lower case do not matter in any name.
    """

    bands: tuple[str, ...]
    rgb: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)


def _landsat(count: int, rgb: tuple[str, ...], **aliases: str) -> Sensor:
    return Sensor(tuple(f"B{number}" for number in range(1, count + 1)), rgb, aliases)


def _surface(numbers: Sequence[int], rgb: tuple[str, ...]) -> Sensor:
    names = {f"B{number}": f"SR_B{number}" for number in numbers}
    return Sensor(tuple(names.values()), rgb, names)


_COLOURS = {"RED": "R", "GREEN": "G", "BLUE": "B", "NIR": "N"}

SENSORS = {
    "rgb": Sensor(("R", "G", "B"), ("R", "G", "B"), _COLOURS),
    "naip": Sensor(("R", "G", "B", "N"), ("R", "G", "B"), _COLOURS),
    "planet": Sensor(("B", "G", "R", "NIR"), ("R", "G", "B"), {**_COLOURS, "NIR": "NIR"}),
    "sentinel1": Sensor(("VV", "VH")),
    "sentinel2": Sensor(
        ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"),
        ("B04", "B03", "B02"),
        {"BLUE": "B02", "GREEN": "B03", "RED": "B04", "NIR": "B08"},
    ),
    "landsat_tm": _landsat(7, ("B3", "B2", "B1")),
    "landsat_tm_surface": _surface((1, 2, 3, 4, 5, 7), ("SR_B3", "SR_B2", "SR_B1")),
    "landsat_etm": Sensor(
        ("B1", "B2", "B3", "B4", "B5", "B6_VCID_1", "B6_VCID_2", "B7", "B8"), ("B3", "B2", "B1")
    ),
    "landsat_etm_surface": _surface((1, 2, 3, 4, 5, 7), ("SR_B3", "SR_B2", "SR_B1")),
    "landsat_oli": _landsat(11, ("B4", "B3", "B2")),
    "landsat_oli_surface": _surface((1, 2, 3, 4, 5, 6, 7), ("SR_B4", "SR_B3", "SR_B2")),
}
"""The known sensors by name; `landsat_*` are values at the sensor, `*_surface` at the surface."""

JOINED_SENSORS = "+"
"""Joins the sensors of an archive whose images are of several, such as `sentinel1+sentinel2`."""


def sensor_bands(sensor: str) -> tuple[str, ...]:
    """Return the names of the bands of a sensor, or of several; none of an unknown one."""
    return tuple(name for one in _known(sensor) for name in one.bands)


def sensor_rgb(sensor: str) -> tuple[str, ...]:
    """Return the bands of red, green and blue light; none if the sensor has or states none."""
    return next((one.rgb for one in _known(sensor) if one.rgb), ())


def is_band(name: str) -> bool:
    """Return whether a name is that of a band of a known sensor."""
    return _plain(name) in _NAMES


def canonical(band: str, sensor: str) -> str:
    """Return a name that all names of the same band of a sensor share, such as `B2` and `B02`."""
    name = _plain(band)
    for one in _known(sensor):
        named = {_plain(alias): _plain(own) for alias, own in one.aliases.items()}
        name = named.get(name, name)
    return name


def find_bands(
    wanted: Sequence[str], available: Sequence[str], sensor: str, missing: Sequence[str] = ()
) -> list[int | None]:
    """Return the place of each wanted band among the available ones.

    Parameters
    ----------
    wanted
        Names of bands.
    available
        The names of the bands of the images.
    sensor
        The sensor of both.
    missing
        Bands that may be missing; their place is None if they are.

    Raises
    ------
    InputError
        If a band is missing.
    """
    places = {canonical(band, sensor): place for place, band in enumerate(available)}
    optional = {canonical(band, sensor) for band in missing}
    found = [places.get(canonical(band, sensor)) for band in wanted]
    lacking = [
        band
        for band, place in zip(wanted, found, strict=True)
        if place is None and canonical(band, sensor) not in optional
    ]
    if lacking:
        fill = ", ".join(f"{band}: 0" for band in lacking)
        raise InputError(
            f"the network needs band {', '.join(lacking)}, which the images lack: they have "
            f"{', '.join(available)}; use another network, or set its key missing: {{{fill}}}"
        )
    return found


def _known(sensor: str) -> list[Sensor]:
    return [SENSORS[name] for name in sensor.split(JOINED_SENSORS) if name in SENSORS]


def _plain(band: str) -> str:
    return re.sub(r"^(\D*)0+(?=\d)", r"\1", band.strip().upper())


_NAMES = {_plain(band) for sensor in SENSORS.values() for band in (*sensor.bands, *sensor.aliases)}
