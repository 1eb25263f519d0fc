"""The bands of an image as planes of numbers, and which of their values are missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TAG, IGNORE, EMPTY_BAND = "tag", "ignore", "empty_band"
"""Rules for missing values, besides a number. Not-a-number and infinity are always missing.

`tag`: what the file marks, by its nodata value, its mask or its alpha channel. `ignore`: nothing.
`empty_band`: a band is missing where all of it is 0.
"""


@dataclass(frozen=True)
class Plane:
    """A band of an image: its values, float32 H×W, and which of them are missing (None: none).

    Missing values are the mean of the others or, without others, not-a-number.
    """

    values: NDArray[np.float32]
    missing: NDArray[np.bool_] | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width in pixels."""
        return self.values.shape

    @property
    def valid(self) -> NDArray[np.float32]:
        """The values that are not missing."""
        return self.values.ravel() if self.missing is None else self.values[~self.missing]


def plane(band: NDArray[Any], marked: NDArray[np.bool_] | None, nodata: str | float) -> Plane:
    """Return a band H×W as float32, with its missing values replaced.

    `marked` are the values that the file marks as missing, `nodata` is a rule or a number.
    """
    values = band.astype(np.float32)
    missing = marked
    if band.dtype.kind == "f":
        infinite = ~np.isfinite(values)
        if infinite.any():
            missing = infinite if missing is None else missing | infinite
    if isinstance(nodata, int | float):
        equal = band == nodata
        missing = equal if missing is None else missing | equal
    elif nodata == EMPTY_BAND and not band.any():
        missing = np.ones(band.shape, bool)
    if missing is None or not missing.any():
        return Plane(values, None)
    valid = values[~missing]
    values[missing] = valid.mean(dtype=np.float64) if len(valid) else np.nan
    return Plane(values, missing)


def marked_missing(
    dataset: Any, numbers: Sequence[int], values: NDArray[Any], has_alpha: bool
) -> NDArray[np.bool_] | None:
    """Return which of the values C×H×W the file marks as missing; None if it marks none."""
    if has_alpha:
        return np.broadcast_to(dataset.read(dataset.count) == 0, values.shape)
    tags = [dataset.nodatavals[number - 1] for number in numbers]
    if any(tag is not None for tag in tags):
        return np.stack([band == tag for band, tag in zip(values, tags, strict=True)])
    flags = {flag.name for flag in dataset.mask_flag_enums[0]}
    if "per_dataset" in flags and "alpha" not in flags:
        return np.asarray(dataset.read_masks(list(numbers)) == 0)
    return None


def stacked(planes: Sequence[Plane]) -> NDArray[np.float32]:
    """Bring planes to the finest resolution among them, float32 H×W×C."""
    height, width = (max(one.shape[axis] for one in planes) for axis in (0, 1))
    layers = [
        plane.values
        if plane.shape == (height, width)
        else np.asarray(
            Image.fromarray(plane.values).resize((width, height), Image.Resampling.BILINEAR)
        )
        for plane in planes
    ]
    return np.stack(layers, axis=-1)
