"""Descriptors without learning, the standard ones of content-based image retrieval.

They are what a network has to beat: the colours of an image, its texture, and the local shapes in
it. Each is a histogram, of which the square root is taken: then the cosine of two descriptors is
the Bhattacharyya coefficient of their histograms (Arandjelović and Zisserman, 2012).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.feature import local_binary_pattern
from sklearn.cluster import MiniBatchKMeans

from rsir.archives.pixels import read_image
from rsir.core.errors import InputError
from rsir.core.progress import progress

Pixels = NDArray[np.uint8]  # H×W×3
Floats = NDArray[np.float32]

HSV_BINS = (8, 4, 4)
LBP_SCALES = ((8, 1), (16, 2), (24, 3))
"""Numbers of neighbours, and their distance in pixels."""

VISUAL_WORDS = 256
CODEBOOK_KEYPOINTS = 100_000
"""The most keypoints that visual words are learnt from, as many of each training image."""


def color_histogram(pixels: Pixels) -> Floats:
    """Return the roots (128,) of the shares of pixels in 8×4×4 bins of hue, saturation, value."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, HSV_BINS, [0, 180, 0, 256, 0, 256])
    return _root_of_shares(counts.ravel())


def lbp(pixels: Pixels) -> Floats:
    """Return the roots (54,) of the shares of local binary patterns at three scales.

    Uniform, rotation-invariant patterns of 8, 16 and 24 neighbours (Ojala, Pietikäinen and Mäenpää,
    2002), which make 10, 18 and 26 numbers.
    """
    gray = _gray(pixels)
    counts = [
        np.bincount(
            local_binary_pattern(gray, neighbours, radius, "uniform").astype(np.int64).ravel(),
            minlength=neighbours + 2,
        )
        for neighbours, radius in LBP_SCALES
    ]
    return _root_of_shares(np.concatenate(counts))


HISTOGRAMS = {"color_histogram": color_histogram, "lbp": lbp}
"""What describes an image by itself, without visual words."""


def sift(pixels: Pixels) -> Floats:
    """Return the SIFT descriptors (n, 128) of an image's keypoints; n may be 0."""
    _, found = cv2.SIFT.create().detectAndCompute(_gray(pixels), None)
    return np.empty((0, 128), np.float32) if found is None else found


def learn_words(keypoints: Floats, seed: int) -> MiniBatchKMeans:
    """Cluster keypoints (n, 128) into visual words (Sivic and Zisserman, 2003).

    Raises
    ------
    InputError
        If there are fewer keypoints than words.
    """
    if len(keypoints) < VISUAL_WORDS:
        raise InputError(
            f"bovw_sift: the training images have {len(keypoints)} keypoints, and {VISUAL_WORDS} "
            "or more are needed; train on more images, or leave this backbone out"
        )
    return MiniBatchKMeans(VISUAL_WORDS, random_state=seed, n_init=3).fit(keypoints)


def count_words(words: MiniBatchKMeans, keypoints: Floats) -> Floats:
    """Return the roots (256,) of the shares of words among keypoints (n, 128); zeros if n is 0."""
    found = words.predict(keypoints) if len(keypoints) else np.empty(0, np.int64)
    return _root_of_shares(np.bincount(found, minlength=VISUAL_WORDS))


def describe(
    network: str, paths: Sequence[Path], train: NDArray[np.int64], seed: int, workers: int
) -> Floats:
    """Describe images (N, D) by the square root of a histogram.

    Parameters
    ----------
    network
        `color_histogram`, `lbp` or `bovw_sift`.
    paths
        The images.
    train
        Rows of the images that the visual words of `bovw_sift` are learnt from.
    seed
        What `bovw_sift` draws keypoints by, and where its clustering starts.
    workers
        Number of threads that look at images.

    Raises
    ------
    InputError
        If an image cannot be used, or the training images have too few keypoints.
    """
    cv2.setNumThreads(1)  # images are looked at side by side
    with ThreadPoolExecutor(workers) as pool:
        if network == "bovw_sift":
            quota = max(1, CODEBOOK_KEYPOINTS // len(train))
            samples = pool.map(lambda row: _some_keypoints(paths[row], quota, (seed, row)), train)
            words = learn_words(np.concatenate(list(samples)), seed)
            rows = pool.map(lambda path: count_words(words, sift(_pixels(path))), paths)
        else:
            rows = pool.map(lambda path: HISTOGRAMS[network](_pixels(path)), paths)
        return np.stack(list(progress(rows, len(paths), network, "image")))


def _some_keypoints(path: Path, most: int, seed: tuple[int, int]) -> Floats:
    found = sift(_pixels(path))
    return found[np.random.default_rng(seed).permutation(len(found))[:most]]


def _pixels(path: Path) -> Pixels:
    return np.asarray(read_image(path))


def _gray(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _root_of_shares(counts: NDArray[Any]) -> Floats:
    roots: Floats = np.sqrt(counts / max(1, counts.sum())).astype(np.float32)
    return roots
