"""Pairs of images that may be near duplicates, by the rare words that they share."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from rsir.audit.local_features import Features, words
from rsir.audit.thresholds import COMMON_WORD, COMMON_WORD_IMAGES, SHARED_WORDS

NEIGHBOURS = 10
"""Images that are compared with an image, and as many with its mirror image."""

BLOCK = 256


def propose_pairs(features: Sequence[Features]) -> NDArray[np.int_]:
    """Return pairs of images that may be duplicates, rows of (first, second, mirrored).

    Two images are proposed if one is among the `NEIGHBOURS` that share most words with the other,
    weighted by how rare the words are. Blocks of images are compared with all, by sparse products.
    """
    plain = words(features)
    count = np.asarray(plain.sum(axis=0))
    kept = count <= np.clip(COMMON_WORD * len(features), *COMMON_WORD_IMAGES)
    weights = np.where(kept, np.log1p(len(features) / np.maximum(count, 1)), 0)
    weighted = csr_array(plain @ diags_array(weights.astype(np.float32)))
    weighted.eliminate_zeros()
    columns = csr_array(weighted.T)
    floor = SHARED_WORDS * np.log1p(len(features) / 2)
    pairs = []
    for mirrored in (0, 1):
        queries = words([one.mirrored() for one in features]) if mirrored else plain
        for start in range(0, len(features), BLOCK):
            scores = csr_array(queries[start : start + BLOCK] @ columns)
            for row in range(scores.shape[0]):
                part = slice(scores.indptr[row], scores.indptr[row + 1])
                near, score = scores.indices[part], scores.data[part]
                good = (score >= floor) & (near != start + row)
                near, score = near[good], score[good]
                best = near[np.lexsort((near, -score))[:NEIGHBOURS]]
                pairs += [(min(start + row, j), max(start + row, j), mirrored) for j in best]
    return np.unique(np.array(pairs, int).reshape(-1, 3), axis=0)
