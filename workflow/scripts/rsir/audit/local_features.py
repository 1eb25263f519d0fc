"""Local features of images, from which near duplicates are proposed and registered."""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from rsir.audit.identical import pixel_digest
from rsir.core.processes import in_threads
from rsir.core.progress import progress

SIDE = 160
"""Longer side, in pixels, at which features are described and pixels are compared."""

FEATURES = 96
"""Features of an image, those of the strongest response."""

TABLES, BITS, CONTRAST = 6, 16, 0.002

WORDS = TABLES << BITS
"""The number of words that a feature may have."""

_MIRRORED = np.arange(128).reshape(4, 4, 8)[::-1][:, :, -np.arange(8) % 8].ravel()
"""Places of the values of a descriptor in that of the mirrored patch: rows and angles reversed."""


@dataclass(frozen=True)
class Features:
    """Features of an image: places (F, 2) in pixels, SIFT descriptors, uint8 (F, 128)."""

    places: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    width: int

    def mirrored(self) -> "Features":
        """Return the features of the image mirrored left to right."""
        places = self.places * np.array([-1, 1], np.float32) + np.array(
            [self.width - 1, 0], np.float32
        )
        return Features(places, self.descriptors[:, _MIRRORED], self.width)

    def words(self) -> NDArray[np.int32]:
        """Return the words (W,) that the features have, sorted, each once.

        A feature has a word in each of `TABLES` tables: the signs of `BITS` random contrasts of its
        values (Charikar, *Similarity Estimation Techniques from Rounding Algorithms*, STOC 2002).
        """
        roots = np.sqrt(self.descriptors, dtype=np.float32)
        signs = (roots @ _contrasts() > 0).reshape(-1, TABLES, BITS)
        numbers = signs @ (1 << np.arange(BITS)) + (np.arange(TABLES) << BITS)
        return np.unique(numbers).astype(np.int32)


class StoredFeatures:
    """Features and words of N images, in a temporary file.

    Parameters
    ----------
    features : iterable of Features
        Those of each image.
    file : file
        An empty binary file, which stays open as long as they are read.
    """

    def __init__(self, features: Iterable[Features], file: BinaryIO) -> None:
        starts, sizes = array("q", [0]), array("i")
        for one in features:
            words = one.words()
            parts = one.places, one.descriptors, words
            starts.append(starts[-1] + sum(file.write(part.tobytes()) for part in parts))
            sizes.extend((len(one.places), len(words), one.width))
        file.flush()
        self._file = file
        self._starts, self._sizes = np.array(starts), np.array(sizes).reshape(-1, 3)

    def __getitem__(self, row: int) -> Features:
        """Return the features of an image."""
        count, _, width = self._sizes[row].tolist()
        data = self._read(int(self._starts[row]), count * (8 + 128))
        places = np.frombuffer(data, np.float32, 2 * count).reshape(-1, 2)
        return Features(places, np.frombuffer(data, np.uint8)[8 * count :].reshape(-1, 128), width)

    def words(self, row: int) -> NDArray[np.int32]:
        """Return the words (W,) of an image."""
        size = 4 * int(self._sizes[row, 1])
        return np.frombuffer(self._read(int(self._starts[row + 1]) - size, size), np.int32)

    def _read(self, start: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, start)  # which threads may call at a time


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
    )


def describe_all(
    images: Sequence[NDArray[np.uint8]], workers: int, file: BinaryIO
) -> tuple[StoredFeatures, list[bytes]]:
    """Return the features of images, uint8 H×W×3, in a file, and the digests of their pixels."""
    digests = []

    def described(row: int) -> tuple[Features, bytes]:
        pixels = images[row]
        return describe(pixels), pixel_digest(pixels)

    def features() -> Iterator[Features]:
        rows = range(len(images))
        for one, digest in progress(
            in_threads(described, rows, workers), len(images), "duplicates", "image"
        ):
            digests.append(digest)
            yield one

    return StoredFeatures(features(), file), digests


@cache
def _contrasts() -> NDArray[np.float32]:
    random = np.random.default_rng(0)
    contrasts = random.choice(np.array([-1, 1], np.float32), (128, TABLES * BITS))
    contrasts -= contrasts.mean(axis=0)
    return contrasts
