"""Duplicates among the images of an archive."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.audit.identical import equal_rows, pixel_digest
from rsir.core.progress import progress


def find_duplicates(
    images: Sequence[NDArray[np.generic]], digests: Sequence[str], workers: int
) -> pd.DataFrame:
    """Return the pairs of duplicates among images.

    Parameters
    ----------
    images
        N images, H×W×C.
    digests
        The digest of each image's files, (N,).
    workers
        Number of threads.

    Returns
    -------
    DataFrame
        The columns `first` and `second`, rows of images, and those of
        `rsir.archives.duplicates_table.COLUMNS` from `kind` on.
    """
    with ThreadPoolExecutor(workers) as pool:
        digested = pool.map(lambda row: pixel_digest(images[row]), range(len(images)))
        pixels = list(progress(digested, len(images), "duplicates", "image"))
    pairs = np.unique(np.concatenate([equal_rows(digests), equal_rows(pixels)]), axis=0)
    return pd.DataFrame(
        {
            "first": pairs[:, 0],
            "second": pairs[:, 1],
            "kind": "identical",
            "correlation": 1.0,
            "overlap": 1.0,
            "rotation": 0.0,
            "mirrored": 0,
            "scale": 1.0,
        }
    )
