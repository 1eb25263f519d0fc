"""Visual words: clusters of the SIFT keypoints of training images (Sivic and Zisserman, 2003)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits

from rsir.core.errors import InputError
from rsir.core.progress import progress
from rsir.descriptors.handcrafted import Floats, Pixels, image_threads, sift

VISUAL_WORDS = 256
CODEBOOK_KEYPOINTS = 100_000
"""Maximum number of keypoints to learn words from, divided equally among training images."""


def sample_keypoints(
    images: Sequence[Pixels], train: NDArray[np.int64], seed: int, workers: int
) -> Floats:
    """Return random SIFT descriptors (n, 128), equally many of each training image if it has them.

    Parameters
    ----------
    images
        The images of the archive, uint8 H×W×3 each.
    train
        Rows of the training images.
    seed
        Seed of the sampling.
    workers
        Number of threads.

    Raises
    ------
    InputError
        If an image cannot be read.
    """
    quota = max(1, CODEBOOK_KEYPOINTS // len(train))

    def sample(row: int) -> Floats:
        keypoints = sift(images[row])
        return keypoints[np.random.default_rng((seed, row)).permutation(len(keypoints))[:quota]]

    with image_threads(workers) as pool:
        samples = progress(pool.map(sample, train), len(train), "keypoints", "image")
        return np.concatenate(list(samples))


def learn_words(keypoints: Floats, seed: int) -> Floats:
    """Return the centres (256, 128) of clusters of keypoints (n, 128), which are visual words.

    Raises
    ------
    InputError
        If there are fewer keypoints than words.
    """
    if len(keypoints) < VISUAL_WORDS:
        raise InputError(
            f"bovw_sift: the training images have {len(keypoints)} keypoints, but at least "
            f"{VISUAL_WORDS} are needed; use more training images or leave this backbone out"
        )
    # The steps are small, and threads of BLAS wait for each other longer than they compute.
    with threadpool_limits(1):
        clusters = MiniBatchKMeans(VISUAL_WORDS, random_state=seed, n_init=3).fit(keypoints)
    words: Floats = clusters.cluster_centers_
    return words
