"""Views of an image: its rotations by multiples of 90° and their mirror images.

Aerial images have no canonical orientation. Of a network with V views per image, view v of the
image in row i of an archive has the number i × V + v; view 0 is the image as it is.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

QUARTERS = 4


def turned(pixels: NDArray[Any], view: int) -> NDArray[Any]:
    """Return a view of an image H×W×C.

    Views 0 to 3 are rotated counterclockwise by 0°, 90°, 180° and 270°; 4 to 7 are mirrored from
    left to right before. With 0 to 7, they are the dihedral group of the square.
    """
    mirrored = pixels[:, ::-1] if view >= QUARTERS else pixels
    return np.ascontiguousarray(np.rot90(mirrored, view % QUARTERS))


def all_views(rows: NDArray[np.int64], views: int) -> NDArray[np.int64]:
    """Return the numbers of all views of the images in rows of an archive."""
    numbers: NDArray[np.int64] = (rows[:, None] * views + np.arange(views)).ravel()
    return numbers


def drawn_views(
    rows: NDArray[np.int64], views: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return the number of one view of each image, drawn if there are several."""
    return rows if views == 1 else rows * views + generator.integers(views, size=len(rows))


def grouped(values: NDArray[Any], views: int) -> NDArray[Any]:
    """Return values of consecutive views (N·V, …) as an array (N, V, …); (N, …) with one view."""
    return values if views == 1 else values.reshape(-1, views, *values.shape[1:])


def averaged(values: NDArray[np.float32], views: int) -> NDArray[np.float32]:
    """Return the means (N, D) over the consecutive views of each image, of values (N·V, D)."""
    return values if views == 1 else grouped(values, views).mean(axis=1, dtype=np.float32)
