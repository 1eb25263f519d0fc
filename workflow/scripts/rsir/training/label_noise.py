"""Wrong labels of training images, to study how robust labelings are."""

import numpy as np
import pandas as pd

from rsir.archives.archive_table import label_matrix, label_names
from rsir.metrics.arrays import Bools, Ints

KINDS = ("missing", "extra", "flip")


def noisy_labels(labels: Bools, rate: float, kind: str, seed: int) -> Bools:
    """Return labels (N, L) of which some are wrong, at random and reproducibly.

    Parameters
    ----------
    labels
        (N, L) true labels.
    rate
        Expected number of wrong flags as a share of the number of labels that images have, from 0
        to 1; of `flip`, for missing labels and for additional ones each.
    kind
        `missing`: each label of an image is removed with probability `rate`. `extra`: each label
        that an image lacks is added with the one probability that adds `rate` times as many labels
        as there are. `flip`: both, so that images keep their mean number of labels.
    seed
        Seed of the random numbers.
    """
    draws = np.random.default_rng(seed).random(labels.shape)
    present = int(labels.sum())
    added = min(1.0, rate * present / max(1, labels.size - present))
    removed = rate if kind in ("missing", "flip") else 0.0
    added = added if kind in ("extra", "flip") else 0.0
    noisy: Bools = np.where(labels, draws >= removed, draws < added)
    return noisy


def with_noise(
    archive: pd.DataFrame, rows: Ints, rate: float, kind: str = "flip", seed: int = 0
) -> pd.DataFrame:
    """Return an archive in which the labels of some rows are those of `noisy_labels`."""
    names = label_names(archive)
    labels = label_matrix(archive).copy()
    labels[rows] = noisy_labels(labels[rows], rate, kind, seed)
    noisy = archive.copy()
    noisy[names] = labels.astype(int)
    return noisy
