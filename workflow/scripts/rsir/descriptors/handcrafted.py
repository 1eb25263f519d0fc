"""Handcrafted descriptors, the classical baselines of content-based image retrieval.

They describe the colours, the texture and the local shapes of an image. Each is the square root of
a normalised histogram, so that the cosine similarity of two descriptors is the Bhattacharyya
coefficient of their histograms (Arandjelović and Zisserman, 2012).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.feature import local_binary_pattern
from threadpoolctl import threadpool_limits

from rsir.core.progress import progress

Pixels = NDArray[np.uint8]  # H×W×3
Floats = NDArray[np.float32]

HSV_BINS = (8, 4, 4)
LBP_SCALES = ((8, 1), (16, 2), (24, 3))
"""Number of neighbours, and their distance in pixels."""


def color_histogram(pixels: Pixels) -> Floats:
    """Return the root of the normalised HSV histogram (128,), in 8×4×4 bins."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, HSV_BINS, [0, 180, 0, 256, 0, 256])
    return _normalised_root(counts.ravel())


def lbp(pixels: Pixels) -> Floats:
    """Return the root of the normalised histogram (54,) of local binary patterns at three scales.

    Uniform, rotation-invariant patterns of 8, 16 and 24 neighbours (Ojala, Pietikäinen and Mäenpää,
    2002), with 10, 18 and 26 bins.
    """
    gray = _gray(pixels)
    counts = [
        np.bincount(
            local_binary_pattern(gray, neighbours, radius, "uniform").astype(np.int64).ravel(),
            minlength=neighbours + 2,
        )
        for neighbours, radius in LBP_SCALES
    ]
    return _normalised_root(np.concatenate(counts))


HISTOGRAMS = {"color_histogram": color_histogram, "lbp": lbp}
"""Descriptors that need no visual words."""


def sift(pixels: Pixels) -> Floats:
    """Return the SIFT descriptors (n, 128) of an image's keypoints; n may be 0."""
    _, keypoints = cv2.SIFT.create().detectAndCompute(_gray(pixels), None)
    return np.empty((0, 128), np.float32) if keypoints is None else keypoints


def count_words(words: Floats, keypoints: Floats) -> Floats:
    """Return the root of the normalised histogram (W,) of the words nearest to keypoints.

    It is zero without keypoints. `words` are (W, 128), `keypoints` (n, 128).
    """
    # The squared distances, without the squared norms of the keypoints.
    distances = np.einsum("wd,wd->w", words, words) - 2 * keypoints @ words.T
    return _normalised_root(np.bincount(distances.argmin(axis=1), minlength=len(words)))


def histogram(network: str, pixels: Pixels, words: Floats | None) -> Floats:
    """Return the handcrafted descriptor (D,) of an image.

    `words` are the visual words (256, 128) of `bovw_sift`, None for `color_histogram` and `lbp`.
    """
    return HISTOGRAMS[network](pixels) if words is None else count_words(words, sift(pixels))


def describe(network: str, images: Sequence[Pixels], words: Floats | None, workers: int) -> Floats:
    """Return the handcrafted descriptors (N, D) of images; of none, an empty array.

    Parameters
    ----------
    network, words
        See `histogram`.
    images
        The images, uint8 H×W×3 each.
    workers
        Number of threads.

    Raises
    ------
    InputError
        If an image cannot be read.
    """
    with threadpool_limits(1), image_threads(workers) as pool:
        rows = pool.map(lambda row: histogram(network, images[row], words), range(len(images)))
        return np.array(list(progress(rows, len(images), network, "image")), np.float32)


def image_threads(workers: int) -> ThreadPoolExecutor:
    """Return threads that work on an image each."""
    cv2.setNumThreads(1)
    return ThreadPoolExecutor(workers)


def _gray(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _normalised_root(counts: NDArray[Any]) -> Floats:
    roots: Floats = np.sqrt(counts / max(1, counts.sum())).astype(np.float32)
    return roots
