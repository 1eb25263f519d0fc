"""Handcrafted descriptors, the classical baselines of content-based image retrieval.

They describe the colours, the texture and the local shapes of an image. Each is the square root of
a normalised histogram, so that the cosine similarity of two descriptors is the Bhattacharyya
coefficient of their histograms (Arandjelović and Zisserman, 2012).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.feature import local_binary_pattern
from threadpoolctl import threadpool_limits

from rsir.core.errors import InputError
from rsir.core.progress import progress

if TYPE_CHECKING:
    from sklearn.cluster import MiniBatchKMeans

Pixels = NDArray[np.uint8]  # H×W×3
Floats = NDArray[np.float32]

HSV_BINS = (8, 4, 4)
LBP_SCALES = ((8, 1), (16, 2), (24, 3))
"""Number of neighbours, and their distance in pixels."""

VISUAL_WORDS = 256
CODEBOOK_KEYPOINTS = 100_000
"""Maximum number of keypoints to learn words from, divided equally among training images."""


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


def learn_words(keypoints: Floats, seed: int) -> "MiniBatchKMeans":
    """Cluster keypoints (n, 128) into visual words (Sivic and Zisserman, 2003).

    Raises
    ------
    InputError
        If there are fewer keypoints than words.
    """
    from sklearn.cluster import MiniBatchKMeans  # a slow import, which others do not need

    if len(keypoints) < VISUAL_WORDS:
        raise InputError(
            f"bovw_sift: the training images have {len(keypoints)} keypoints, but at least "
            f"{VISUAL_WORDS} are needed; use more training images or leave this backbone out"
        )
    return MiniBatchKMeans(VISUAL_WORDS, random_state=seed, n_init=3).fit(keypoints)


def count_words(words: "MiniBatchKMeans", keypoints: Floats) -> Floats:
    """Return the root of the normalised histogram (256,) of visual words; zeros if n is 0.

    `keypoints` is (n, 128).
    """
    assigned = words.predict(keypoints) if len(keypoints) else np.empty(0, np.int64)
    return _normalised_root(np.bincount(assigned, minlength=VISUAL_WORDS))


def describe(
    network: str, images: Sequence[Pixels], train: NDArray[np.int64], seed: int, workers: int
) -> Floats:
    """Return the handcrafted descriptors (N, D) of images.

    Parameters
    ----------
    network
        `color_histogram`, `lbp` or `bovw_sift`.
    images
        The images, uint8 H×W×3 each.
    train
        Rows of the images from which `bovw_sift` learns its visual words.
    seed
        Seed of the sampling of keypoints and of the clustering of `bovw_sift`.
    workers
        Number of threads.

    Raises
    ------
    InputError
        If an image cannot be read, or the training images have too few keypoints.
    """
    cv2.setNumThreads(1)  # images are processed in parallel
    # Steps of k-means are small, and threads of BLAS wait for each other longer than they compute.
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        if network == "bovw_sift":
            quota = max(1, CODEBOOK_KEYPOINTS // len(train))
            samples = pool.map(
                lambda row: _sample_keypoints(images[row], quota, (seed, row)), train
            )
            words = learn_words(np.concatenate(list(samples)), seed)
            rows = pool.map(lambda row: count_words(words, sift(images[row])), range(len(images)))
        else:
            rows = pool.map(lambda row: HISTOGRAMS[network](images[row]), range(len(images)))
        return np.stack(list(progress(rows, len(images), network, "image")))


def _sample_keypoints(pixels: Pixels, count: int, seed: tuple[int, int]) -> Floats:
    keypoints = sift(pixels)
    return keypoints[np.random.default_rng(seed).permutation(len(keypoints))[:count]]


def _gray(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _normalised_root(counts: NDArray[Any]) -> Floats:
    roots: Floats = np.sqrt(counts / max(1, counts.sum())).astype(np.float32)
    return roots
