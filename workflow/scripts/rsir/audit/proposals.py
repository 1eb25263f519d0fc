"""Pairs of images that may be near duplicates, by the rare words that they share."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rsir.audit.local_features import WORDS, StoredFeatures
from rsir.audit.thresholds import COMMON_WORD, COMMON_WORD_IMAGES, SHARED_WORDS

NEIGHBOURS = 10
"""Images that are compared with an image, and as many with its mirror image."""

BLOCK = 256


def propose_pairs(features: StoredFeatures, images: NDArray[np.int_]) -> NDArray[np.int_]:
    """Return pairs of some images that may be duplicates, rows of (first, second, mirrored).

    Two images are proposed if one is among the `NEIGHBOURS` that share most words with the other,
    weighted by how rare the words are. Blocks of images are compared with all, by sparse products.
    Words are read from the file of the features; only the rare ones are held.

    Parameters
    ----------
    features
        The features of all images.
    images
        The images (M,) to compare, in ascending order.
    """
    count = np.zeros(WORDS, int)
    for image in images:
        count[features.words(image)] += 1
    kept = count <= np.clip(COMMON_WORD * len(images), *COMMON_WORD_IMAGES)
    weights = np.where(kept, np.log1p(len(images) / np.maximum(count, 1)), 0).astype(np.float32)
    columns = _columns(features, images, np.where(kept, count, 0), weights)
    floor = SHARED_WORDS * np.log1p(len(images) / 2)
    pairs = [np.empty((0, 3), int)]
    for mirrored in (0, 1):
        for start in range(0, len(images), BLOCK):
            block = images[start : start + BLOCK]
            words = (
                features[image].mirrored().words() if mirrored else features.words(image)
                for image in block
            )
            scores = csr_array(_rows(words, kept) @ columns)
            pairs += [
                np.stack(np.broadcast_arrays(start + row, best, mirrored), axis=1)
                for row, best in enumerate(_best(scores, start, floor))
                if len(best)
            ]
    numbers = np.concatenate(pairs)
    numbers[:, :2] = images[np.sort(numbers[:, :2])]
    return np.unique(numbers, axis=0)


def _best(scores: csr_array, start: int, floor: float) -> Iterator[NDArray[np.int_]]:
    """Yield the numbers of the images that share most with each row of a block, but for itself."""
    for row in range(scores.shape[0]):
        part = slice(scores.indptr[row], scores.indptr[row + 1])
        near, score = scores.indices[part], scores.data[part]
        good = (score >= floor) & (near != start + row)
        near, score = near[good], score[good]
        yield near[np.lexsort((near, -score))[:NEIGHBOURS]]


def _columns(
    features: StoredFeatures,
    images: NDArray[np.int_],
    count: NDArray[np.int_],
    weights: NDArray[np.float32],
) -> csr_array:
    """Return the weights of the words that images have, words × images.

    `count` (words,) is the number of images with each word, 0 for a word that is left out.
    """
    starts = np.cumsum([0, *count], dtype=np.int32)
    numbers, free = np.empty(starts[-1], np.int32), starts[:-1].copy()
    for number, image in enumerate(images):
        words = features.words(image)
        words = words[count[words] > 0]
        numbers[free[words]] = number
        free[words] += 1
    return csr_array((np.repeat(weights, count), numbers, starts), (len(count), len(images)))


def _rows(words: Iterable[NDArray[np.int32]], kept: NDArray[np.bool_]) -> csr_array:
    """Return which of the kept words images have, images × words, from the words of each."""
    rows = [one[kept[one]] for one in words]
    starts = np.cumsum([0, *map(len, rows)], dtype=np.int32)
    ones = np.ones(starts[-1], np.float32)
    return csr_array((ones, np.concatenate(rows), starts), (len(rows), len(kept)))
