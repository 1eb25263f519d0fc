"""Ensembles: descriptors of several models as one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rsir.core.errors import InputError
from rsir.descriptors.derived import concatenated

JOINED, OUTPUT = "joined", "output"


def ensemble(
    members: Sequence[NDArray[np.float32]], are_probabilities: bool
) -> dict[str, NDArray[np.float32]]:
    """Return the descriptors of an ensemble.

    Parameters
    ----------
    members : sequence of ndarray
        A descriptor of each member, float32 N×D.
    are_probabilities : bool
        Whether they are probabilities of the same classes or labels.

    Returns
    -------
    dict
        `joined`: unit vectors side by side, whose cosine similarity is the mean of those of the
        members; of probabilities also `output`, their mean.

    Raises
    ------
    InputError
        If probabilities have different numbers of columns.
    """
    parts = [values.astype(float) for values in members]
    made = {JOINED: concatenated(parts, [1.0] * len(parts)).astype(np.float32)}
    if are_probabilities:
        columns = {part.shape[1] for part in parts}
        if len(columns) > 1:
            raise InputError(
                f"config: ensembles: outputs with {', '.join(map(str, sorted(columns)))} columns "
                "have no mean; name members with the same classes or labels"
            )
        made[OUTPUT] = np.mean(parts, axis=0).astype(np.float32)
    return made
