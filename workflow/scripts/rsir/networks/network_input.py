"""The input of a network: its bands, their statistics and its size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rsir.core.errors import InputError


@dataclass(frozen=True)
class NetworkInput:
    """What is stated of a network's input; the network's own values apply to the rest.

    Attributes
    ----------
    bands
        The bands, by name, in the order of the network's channels; None for the rendering.
    sensor
        The sensor of the bands; None for that of the archive.
    mean, std
        Mean and standard deviation per band, in the sensor's units, or one for all bands. Of the
        rendering, per channel on the scale 0..1.
    range
        Least and greatest value after the normalisation.
    missing
        The value, in the sensor's units, of a band that an archive may lack.
    eight_bit
        The bands whose values are 0 to 255.
    size
        The side of the square image, in pixels.
    resize_size
        The shorter side before the centre crop, in pixels.
    """

    bands: tuple[str, ...] | None = None
    sensor: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    range: tuple[float, float] | None = None
    missing: Mapping[str, float] = field(default_factory=dict)
    eight_bit: tuple[str, ...] = ()
    size: int | None = None
    resize_size: int | None = None

    @property
    def channels(self) -> int:
        """The number of channels."""
        return 3 if self.bands is None else len(self.bands)


def stated_input(
    network: str,
    bands: Sequence[str] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    missing: Mapping[str, float] | None = None,
    **others: Any,
) -> NetworkInput:
    """Check what is stated of the input of a network.

    Raises
    ------
    InputError
        If the statistics of bands are not stated, are not as many as the bands, or those of the
        rendering are not on the scale 0..1; if a range is empty; or if a band that may be missing
        is none of the bands.
    """
    missing = missing or {}
    if bands is not None and (mean is None or std is None):
        raise InputError(
            f"bands of {network}: their statistics are not known; give mean and std, a number per "
            "band in the units of the sensor"
        )
    channels = 3 if bands is None else len(bands)
    statistics = {"mean": mean, "std": std}
    for name, values in statistics.items():
        if values is not None and len(values) not in (1, channels):
            raise InputError(
                f"{name} of {network}: {len(values)} numbers for {channels} channels; "
                "give one for each, or one for all"
            )
        if values is not None and bands is None and max(values) > 1:
            raise InputError(
                f"{name} of {network}: {max(values):g} is above 1; the statistics of 8-bit RGB are "
                "on the scale 0 to 1: divide them by 255"
            )
    if unknown := [name for name in missing if name not in (bands or ())]:
        raise InputError(
            f"missing of {network}: {unknown[0]} is none of its bands; name one of "
            f"{', '.join(bands or ()) or 'the key bands, which is not set'}"
        )
    limits = others.pop("range", None)
    if limits is not None and limits[0] >= limits[1]:
        raise InputError(
            f"range of {network}: {limits[0]:g} is not less than {limits[1]:g}; swap them"
        )
    mean, std = (_for_each(values, channels) for values in (mean, std))
    return NetworkInput(
        bands=None if bands is None else tuple(bands),
        mean=mean,
        std=std,
        range=limits and (float(limits[0]), float(limits[1])),
        missing=missing,
        **others,
    )


def _for_each(values: Sequence[float] | None, channels: int) -> tuple[float, ...] | None:
    if values is None:
        return None
    return tuple(map(float, values if len(values) == channels else [values[0]] * channels))
