"""Images with identical files or identical pixels."""

import hashlib
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def pixel_digest(pixels: NDArray[np.generic]) -> bytes:
    """Return a digest of the shape and the values of an image."""
    header = repr((pixels.shape, pixels.dtype.str)).encode()
    return hashlib.blake2b(header + np.ascontiguousarray(pixels).tobytes(), digest_size=16).digest()


def equal_rows(keys: Sequence[object]) -> NDArray[np.int_]:
    """Return all pairs of rows with equal keys, (P, 2), in the order of the rows."""
    table = pd.Series(list(keys), dtype=object)
    repeated = table[table.duplicated(keep=False)]
    rows = [equal.index for _, equal in repeated.groupby(repeated)]
    pairs = [pair for equal in rows for pair in combinations(equal, 2)]
    return np.array(sorted(pairs), dtype=int).reshape(-1, 2)
