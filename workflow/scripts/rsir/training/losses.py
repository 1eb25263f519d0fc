"""Losses of output layers, and the mean average precision of their outputs."""

import math
from collections.abc import Callable

import numpy as np
from torch import Tensor, eye, split
from torch.nn import functional

UNSEEN = -1
"""Target of an image whose class does not occur in training."""

COMPARED = 1024
"""Largest number of images that are compared with one another by `similarity_loss`."""

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Return the mean cross entropy of logits B×K; images of `UNSEEN` classes are ignored."""
    return functional.cross_entropy(logits, classes, ignore_index=UNSEEN)


def similarity_loss(embeddings: Tensor, labels: Tensor) -> Tensor:
    """Return the mean squared difference of cosine similarity and Jaccard index over pairs.

    The loss of the images i = 1, …, B with the embeddings e and the label sets L is

        mean over i ≠ j of (cos(e_i, e_j) − |L_i ∩ L_j| / |L_i ∪ L_j|)²,

    the regression of a soft pairwise similarity of Zhang, Zou, Lin, Chen and Wang, "Improved deep
    hashing with soft pairwise similarity for multi-label image retrieval", IEEE Transactions on
    Multimedia 22 (2020), with real-valued embeddings and with the Jaccard index instead of the
    cosine of the label vectors. The gradient of a pair grows with its error, so that hard pairs
    count most. The Jaccard index of two empty sets is 1.

    Parameters
    ----------
    embeddings : Tensor
        B×E, of any length but 0.
    labels : Tensor
        B×L, 0 or 1, of the type of the embeddings. Pairs are formed within consecutive blocks of at
        most `COMPARED` images.
    """
    total, pairs = embeddings.new_zeros(()), 0
    blocks = zip(split(embeddings, COMPARED), split(labels, COMPARED), strict=True)
    for vectors, sets in blocks:
        unit = functional.normalize(vectors)
        errors = (unit @ unit.T - jaccard(sets)) ** 2
        total = total + (errors * (1 - eye(len(sets)).to(errors))).sum()
        pairs += len(sets) * (len(sets) - 1)
    return total / max(1, pairs)


def jaccard(labels: Tensor) -> Tensor:
    """Return the Jaccard indices B×B of the label sets of images, labels B×L, 0 or 1."""
    shared = labels @ labels.T
    sizes = labels.sum(1)
    union = sizes[:, None] + sizes - shared
    return (shared / union.clamp(min=1)).masked_fill(union == 0, 1)


LOSSES: dict[str, Loss] = {
    "softmax": cross_entropy,
    "sigmoid": functional.binary_cross_entropy_with_logits,
    "embedding": similarity_loss,
}


def mean_average_precision(scores: np.ndarray, indicators: np.ndarray) -> float:
    """Return the mean average precision over outputs, without outputs that have no positives.

    Parameters
    ----------
    scores, indicators : ndarray
        N×K; indicators are 0 or 1.
    """
    from sklearn.metrics import average_precision_score  # slow import, seldom needed

    present = indicators.any(0)
    if not present.any():
        return math.nan
    return float(average_precision_score(indicators[:, present], scores[:, present]))
