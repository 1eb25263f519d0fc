"""Predictions of labels and classes from the outputs of a fine-tuning."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rsir.training.models import Outputs

THRESHOLD = 0.5
"""The smallest probability for which a label is predicted."""


def predictions(outputs: Sequence[Outputs], values: NDArray[np.float32]) -> list[dict[str, float]]:
    """Return what the outputs (N, K) of a fine-tuning predict: names and their probabilities.

    With sigmoid outputs, the labels with a probability of at least `THRESHOLD`; with a softmax
    alone, the most probable scene or label set.

    Parameters
    ----------
    outputs
        The groups of units of the descriptor `output`, in order.
    values
        Their probabilities, side by side.
    """
    names = [name for group in outputs for name in group.names]
    columns = label_columns(outputs)
    if len(columns):
        return [
            {names[one]: float(row[one]) for one in columns if row[one] >= THRESHOLD}
            for row in values
        ]
    chosen = values.argmax(axis=1)
    return [{names[one]: float(row[one])} for one, row in zip(chosen, values, strict=True)]


def label_columns(outputs: Sequence[Outputs]) -> NDArray[np.int64]:
    """Return the columns of the descriptor `output` that are probabilities of labels."""
    activations = [group.activation for group in outputs for _ in group.names]
    return np.flatnonzero(np.array(activations) == "sigmoid")
