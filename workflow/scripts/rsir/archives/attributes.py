"""The attributes of an archive's images, `attributes.csv`, and the official split among them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.csv_rows import read_rows
from rsir.archives.split_file import SUBSETS
from rsir.core.errors import InputError, first_few

SPLIT = "split"
LIMITS = {"longitude": 180, "latitude": 90}
"""The columns of a place, in degrees."""


def read_attributes(path: Path, images: Sequence[str]) -> pd.DataFrame:
    """Read the attributes of these images, as text, in their order.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    rows = read_rows(path)
    if "image" not in rows or list(rows["image"]) != list(images):
        raise InputError(f"{path}: belongs to other images; delete it and run again")
    return rows


def official_split(attributes: pd.DataFrame) -> NDArray[np.str_]:
    """Return the subset of each image that the attribute `split` states.

    Raises
    ------
    InputError
        If the attribute is missing, or its values are not subsets, or no image is for training or
        for testing.
    """
    if SPLIT not in attributes:
        raise InputError(
            "split.method: official: the archive has no official split, or its lists are not below "
            "the root of the archive (config/README.md names them); choose another method"
        )
    subset = attributes[SPLIT].to_numpy(str)
    outside = attributes["image"][~np.isin(subset, SUBSETS)]
    if len(outside):
        raise InputError(
            f"split.method: official: {len(outside)} of {len(subset)} images are in none of the "
            f"subsets {', '.join(SUBSETS)}, first {first_few(outside)}; remove them or choose "
            "another method"
        )
    for name in ("train", "test"):
        if name not in subset:
            raise InputError(
                f"split.method: official: no image is in the subset {name!r}; get more of the "
                "archive or choose another method"
            )
    return subset


def places(attributes: pd.DataFrame) -> NDArray[np.float64]:
    """Return longitude and latitude of each image in degrees, shape (N, 2); NaN where unknown.

    Raises
    ------
    InputError
        If a value is not a number of degrees.
    """
    place = np.full((len(attributes), 2), np.nan)
    if not LIMITS.keys() <= set(attributes):
        return place
    for column, (name, limit) in enumerate(LIMITS.items()):
        text = attributes[name]
        values = pd.to_numeric(text.replace("", "nan"), errors="coerce").to_numpy(float)
        wrong = (text != "").to_numpy() & ~(np.abs(values) <= limit)
        if wrong.any():
            row = int(wrong.argmax())
            raise InputError(
                f"attributes.csv: {name} of {attributes['image'].iloc[row]!r} is "
                f"{text.iloc[row]!r}, not degrees; correct the label table"
            )
        place[:, column] = values
    place[np.isnan(place).any(axis=1)] = np.nan
    return place
