"""Labelings: the targets of fine-tuning.

A labeling turns the scenes and labels of an archive into one or more tasks; one network is
fine-tuned per task. To add a labeling, write a function here, register it in `LABELINGS` and add a
config entry.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from rsir.archives.archive_table import has_scenes, label_matrix, label_names
from rsir.core.errors import InputError
from rsir.training.label_noise import with_noise
from rsir.training.losses import UNSEEN


@dataclass(frozen=True)
class Target:
    """A group of output units of a network, and what they are trained to give.

    Attributes
    ----------
    names
        Names of the output units: classes, labels or dimensions of an embedding.
    activation
        ``softmax``: one class per image, `expected` int64 of shape (N,), `UNSEEN` where the class
        does not occur in training. ``sigmoid``: any number of labels, `expected` float32 of shape
        (N, number of outputs), 0 or 1. ``embedding``: a vector whose cosine similarity follows the
        Jaccard index of label sets, `expected` float32 of shape (N, number of labels), 0 or 1.
    expected
        Targets of all images, in the order of the archive.
    weight
        Factor of the loss.
    loss
        A key of `rsir.training.losses.LOSSES`; None for that of the activation.
    """

    names: list[str]
    activation: str
    expected: np.ndarray
    weight: float = 1.0
    loss: str | None = None

    def indicators(self) -> np.ndarray:
        """Return the targets as 0/1, shape (N, number of outputs), or (N, 0) for an embedding."""
        if self.activation == "embedding":
            return np.empty((len(self.expected), 0), np.uint8)
        if self.activation == "sigmoid":
            return self.expected.astype(np.uint8)
        matches: np.ndarray = self.expected[:, None] == np.arange(len(self.names))
        return matches.astype(np.uint8)


@dataclass(frozen=True)
class Task:
    """One network: its name, unique within the labeling, and its targets.

    The loss is the weighted sum of the losses of the targets, which share tail, pooling and the
    batch norm of the head.
    """

    name: str
    targets: list[Target]


def single_label(archive: pd.DataFrame, train: np.ndarray) -> list[Task]:
    """Return one task: a softmax over the scene classes of the training images."""
    return [Task("single_label", [_scenes("single_label", archive, train)])]


def multi_label(archive: pd.DataFrame, train: np.ndarray) -> list[Task]:  # noqa: ARG001
    """Return one task: a sigmoid per label."""
    return [Task("multi_label", [_labels(archive)])]


def independent(archive: pd.DataFrame, train: np.ndarray) -> list[Task]:  # noqa: ARG001
    """Return one binary task per label."""
    labels = label_matrix(archive).astype(np.float32)
    return [
        Task(name, [Target([name], "sigmoid", labels[:, [column]])])
        for column, name in enumerate(label_names(archive))
    ]


def powerset(archive: pd.DataFrame, train: np.ndarray) -> list[Task]:
    """Return one task: a softmax over the distinct label sets of the training images."""
    names = np.array(label_names(archive))
    sets = [tuple(np.flatnonzero(row).tolist()) for row in label_matrix(archive)]
    return [
        Task(
            "powerset",
            [_classes(sets, train, lambda labels: "+".join(names[list(labels)]) or "none")],
        )
    ]


def joint(archive: pd.DataFrame, train: np.ndarray, weights: Mapping[str, float]) -> list[Task]:
    """Return one task with two heads on one tail: a softmax over scenes, a sigmoid per label.

    `weights` are the factors of their losses, ``scenes`` and ``labels``.
    """
    return [Task("joint", _classifiers("joint", archive, train, weights))]


def similarity(
    archive: pd.DataFrame,
    train: np.ndarray,
    dimension: int,
    weights: Mapping[str, float],
    loss: str = "pairs",
) -> list[Task]:
    """Return one task: an embedding whose cosine similarity follows the Jaccard index of labels.

    The head also has a softmax over scenes and a sigmoid per label, where their weights are not 0.

    Parameters
    ----------
    archive, train
        As for `labeling_tasks`.
    dimension
        Number of dimensions of the embedding.
    weights
        Factors of the losses: ``embedding``, ``labels`` and ``scenes``.
    loss
        That of the embedding: ``pairs``, `similarity_loss`, or ``smooth_ap``, `smooth_ap_loss` of
        `rsir.training.losses`.
    """
    own = None if loss == "pairs" else loss
    names = [f"dimension {number}" for number in range(1, dimension + 1)]
    embedding = Target(names, "embedding", _labels(archive).expected, weights["embedding"], own)
    return [Task("similarity", [*_classifiers("similarity", archive, train, weights), embedding])]


def _classifiers(
    kind: str, archive: pd.DataFrame, train: np.ndarray, weights: Mapping[str, float]
) -> list[Target]:
    """Return the targets of scenes and labels, without those of weight 0."""
    targets = []
    if weights["scenes"]:
        targets.append(replace(_scenes(kind, archive, train), weight=weights["scenes"]))
    if weights["labels"]:
        targets.append(replace(_labels(archive), weight=weights["labels"]))
    return targets


def _labels(archive: pd.DataFrame) -> Target:
    return Target(label_names(archive), "sigmoid", label_matrix(archive).astype(np.float32))


def _scenes(kind: str, archive: pd.DataFrame, train: np.ndarray) -> Target:
    if not has_scenes(archive):
        raise InputError(
            f"labeling {kind}: the archive has no scene classes; "
            "add a column 'scene' to its label table or leave this labeling out"
        )
    return _classes(list(archive["scene"]), train)


def _classes(
    classes: Sequence[Any], train: np.ndarray, as_text: Callable[[Any], str] = str
) -> Target:
    outputs = sorted({classes[row] for row in train})
    index = {value: number for number, value in enumerate(outputs)}
    values = np.array([index.get(value, UNSEEN) for value in classes], dtype=np.int64)
    return Target([as_text(value) for value in outputs], "softmax", values)


LABELINGS: dict[str, Callable[..., list[Task]]] = {
    "single_label": single_label,
    "multi_label": multi_label,
    "independent": independent,
    "powerset": powerset,
    "joint": joint,
    "similarity": similarity,
}


def labeling_tasks(
    kind: str,
    archive: pd.DataFrame,
    train: np.ndarray,
    noise: Mapping[str, Any] | None = None,
    **options: Any,
) -> list[Task]:
    """Return the tasks of a labeling.

    Parameters
    ----------
    kind : str
        A key of `LABELINGS`.
    archive : DataFrame
        As read by `rsir.archives.archive_table.read_archive`.
    train : ndarray
        Rows of the training images.
    noise : mapping, optional
        `rate`, `kind` and `seed` of wrong labels of the training images; see
        `rsir.training.label_noise.noisy_labels`.
    **options
        Keys that the kind has of its own.

    Raises
    ------
    InputError
        If the labeling needs scene classes and the archive has none.
    """
    labelled = with_noise(archive, train, **noise) if noise else archive
    return LABELINGS[kind](labelled, train, **options)
