"""Labelings: the targets of fine-tuning.

A labeling turns the scenes and labels of an archive into one or more tasks; one network is
fine-tuned per task. To add a labeling, write a function here, register it in `LABELINGS` and add a
config entry.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rsir.archives.archive_table import has_scenes, label_matrix, label_names
from rsir.core.errors import InputError

UNSEEN = -1  # target of an image whose class does not occur in training


@dataclass(frozen=True)
class Task:
    """The outputs and targets of one network.

    Attributes
    ----------
    name
        Name of the task, unique within its labeling.
    outputs
        Names of the output units: classes or labels.
    activation
        ``softmax``: one class per image, `targets` int64 of shape (N,), `UNSEEN` where the class
        does not occur in training. ``sigmoid``: any number of labels, `targets` float32 of shape
        (N, number of outputs), 0 or 1.
    targets
        Targets of all images, in the order of the archive.
    """

    name: str
    outputs: list[str]
    activation: str
    targets: np.ndarray

    def indicators(self) -> np.ndarray:
        """Return the targets as 0/1, shape (N, number of outputs)."""
        if self.activation == "sigmoid":
            return self.targets.astype(np.uint8)
        matches: np.ndarray = self.targets[:, None] == np.arange(len(self.outputs))
        return matches.astype(np.uint8)


def single_label(archive: pd.DataFrame, train: np.ndarray) -> list[Task]:
    """Return one task: a softmax over the scene classes of the training images."""
    if not has_scenes(archive):
        raise InputError(
            "labeling single_label: the archive has no scene classes; "
            "add a column 'scene' to its label table or leave this labeling out"
        )
    return [_classes("single_label", list(archive["scene"]), train)]


def multi_label(archive: pd.DataFrame, train: np.ndarray) -> list[Task]:  # noqa: ARG001
    """Return one task: a sigmoid per label."""
    labels = label_matrix(archive).astype(np.float32)
    return [Task("multi_label", label_names(archive), "sigmoid", labels)]


def independent(archive: pd.DataFrame, train: np.ndarray) -> list[Task]:  # noqa: ARG001
    """Return one binary task per label."""
    labels = label_matrix(archive).astype(np.float32)
    return [
        Task(name, [name], "sigmoid", labels[:, [column]])
        for column, name in enumerate(label_names(archive))
    ]


def powerset(archive: pd.DataFrame, train: np.ndarray) -> list[Task]:
    """Return one task: a softmax over the distinct label sets of the training images."""
    names = np.array(label_names(archive))
    sets = [tuple(np.flatnonzero(row).tolist()) for row in label_matrix(archive)]
    return [
        _classes("powerset", sets, train, lambda labels: "+".join(names[list(labels)]) or "none")
    ]


def _classes(
    name: str, classes: Sequence[Any], train: np.ndarray, as_text: Callable[[Any], str] = str
) -> Task:
    outputs = sorted({classes[row] for row in train})
    index = {value: number for number, value in enumerate(outputs)}
    targets = np.array([index.get(value, UNSEEN) for value in classes], dtype=np.int64)
    return Task(name, [as_text(value) for value in outputs], "softmax", targets)


LABELINGS: dict[str, Callable[[pd.DataFrame, np.ndarray], list[Task]]] = {
    "single_label": single_label,
    "multi_label": multi_label,
    "independent": independent,
    "powerset": powerset,
}


def labeling_tasks(kind: str, archive: pd.DataFrame, train: np.ndarray) -> list[Task]:
    """Return the tasks of a labeling.

    Parameters
    ----------
    kind : str
        A key of `LABELINGS`.
    archive : DataFrame
        As read by `rsir.archives.archive_table.read_archive`.
    train : ndarray
        Rows of the training images.

    Raises
    ------
    InputError
        If the labeling needs scene classes and the archive has none.
    """
    return LABELINGS[kind](archive, train)
