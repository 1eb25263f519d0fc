"""Local features of images, from which near duplicates are proposed and registered."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rsir.audit.identical import pixel_digest
from rsir.core.progress import progress

SIDE = 160
"""Longer side, in pixels, at which features are described and pixels are compared."""

FEATURES = 96
"""Features of an image, those of the strongest response."""

TABLES, BITS, CONTRAST = 6, 16, 0.002

_MIRRORED = np.arange(128).reshape(4, 4, 8)[::-1][:, :, -np.arange(8) % 8].ravel()
"""Places of the values of a descriptor in that of the mirrored patch: rows and angles reversed."""


@dataclass(frozen=True)
class Features:
    """Features of an image: places (F, 2) in pixels, SIFT descriptors, uint8 (F, 128)."""

    places: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    width: int
    pixel_digest: bytes

    def mirrored(self) -> "Features":
        """Return the features of the image mirrored left to right."""
        places = self.places * np.array([-1, 1], np.float32) + np.array(
            [self.width - 1, 0], np.float32
        )
        return Features(places, self.descriptors[:, _MIRRORED], self.width, self.pixel_digest)


def reduced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image, uint8 H×W×3, as gray levels whose longer side is `SIDE`."""
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    scale = SIDE / max(gray.shape)
    size = [max(1, round(scale * length)) for length in gray.shape[::-1]]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, size, interpolation=method), np.uint8)


def describe(pixels: NDArray[np.uint8]) -> Features:
    """Return the features of an image, uint8 H×W×3.

    See Lowe, *Distinctive Image Features from Scale-Invariant Keypoints*, IJCV 2004.
    """
    gray = reduced(pixels)
    detector = cv2.SIFT.create(nfeatures=FEATURES, contrastThreshold=CONTRAST)
    points, descriptors = detector.detectAndCompute(gray, None)
    if descriptors is None:
        points, descriptors = (), np.empty((0, 128))
    places = np.array([point.pt for point in points], np.float32).reshape(-1, 2)
    return Features(
        places[:FEATURES],
        descriptors[:FEATURES].astype(np.uint8),
        gray.shape[1],
        pixel_digest(pixels),
    )


def describe_all(images: Sequence[NDArray[np.uint8]], workers: int) -> list[Features]:
    """Return the features of images, uint8 H×W×3, computed in threads."""
    with ThreadPoolExecutor(workers) as pool:
        features = pool.map(lambda row: describe(images[row]), range(len(images)))
        return list(progress(features, len(images), "duplicates", "image"))


def words(features: Sequence[Features]) -> csr_array:
    """Return the words that images have, bool, images × words.

    A feature has a word in each of `TABLES` tables: the signs of `BITS` random contrasts of its
    values (Charikar, *Similarity Estimation Techniques from Rounding Algorithms*, STOC 2002).
    """
    random = np.random.default_rng(0)
    contrasts = random.choice(np.array([-1, 1], np.float32), (128, TABLES * BITS))
    contrasts -= contrasts.mean(axis=0)
    powers = 1 << np.arange(BITS)
    offsets = np.arange(TABLES) << BITS
    columns = []
    for one in features:
        roots = np.sqrt(one.descriptors, dtype=np.float32)
        signs = (roots @ contrasts > 0).reshape(-1, TABLES, BITS)
        columns.append(np.unique(signs @ powers + offsets))
    indices = np.concatenate(columns) if columns else np.empty(0, int)
    starts = np.cumsum([0, *map(len, columns)])
    ones = np.ones(len(indices), np.float32)
    return csr_array((ones, indices, starts), shape=(len(features), TABLES << BITS))
