"""Losses of output layers, and the mean average precision of their outputs."""

import math
from collections.abc import Callable

import numpy as np
from torch import Tensor, cat, eye, sigmoid, split
from torch.nn import functional

UNSEEN = -1
"""Target of an image whose class does not occur in training."""

RELEVANT = 0.5
"""Least Jaccard index with which an image is relevant."""

COMPARED = 1024
"""Largest number of images that are compared with one another by `similarity_loss`."""

RANKED = 128
"""Largest number of images that are ranked for one another by `smooth_ap_loss`."""

TEMPERATURE = 0.05
"""Difference of cosine similarities over which `smooth_ap_loss` smooths the step from 0 to 1."""

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


def smooth_ap_loss(embeddings: Tensor, labels: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Return 1 minus the smoothed average precision, the mean over images as queries.

    For the query q, the images P with a Jaccard index of at least 0.5 are relevant, as for the
    metric `map_jaccard`. With s = cos(e_q, ·) and the logistic function σ,

        AP_q = 1 / |P| Σ_{i ∈ P} (1 + Σ_{j ∈ P, j ≠ i} σ_ij) / (1 + Σ_{j ≠ i} σ_ij),
        σ_ij = σ((s_j − s_i) / temperature),

    which is the average precision for the temperature 0: Brown, Xie, Kalogeiton and Zisserman,
    "Smooth-AP: smoothing the path towards large-scale image retrieval", ECCV 2020. Queries without
    relevant images are left out; without any others, the loss is 0.

    Parameters
    ----------
    embeddings : Tensor
        B×E, of any length but 0.
    labels : Tensor
        B×L, 0 or 1, of the type of the embeddings. Images are ranked within consecutive blocks
        of at most `RANKED` images.
    temperature : float
        See above.
    """
    losses = []
    blocks = zip(split(embeddings, RANKED), split(labels, RANKED), strict=True)
    for vectors, sets in blocks:
        unit = functional.normalize(vectors)
        cosines = unit @ unit.T
        others = 1 - eye(len(sets)).to(cosines)
        relevant = (jaccard(sets) >= RELEVANT) * others
        above = sigmoid((cosines[:, None, :] - cosines[:, :, None]) / temperature)
        above = above * others[:, None, :] * others[None]  # neither the query nor the image itself
        precision = (1 + (above * relevant[:, None, :]).sum(2)) / (1 + above.sum(2))
        count = relevant.sum(1)
        losses.append(1 - ((precision * relevant).sum(1) / count.clamp(min=1))[count > 0])
    each = cat(losses)
    return each.mean() if len(each) else 0 * embeddings.sum()


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
    "smooth_ap": smooth_ap_loss,
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
