"""Descriptors that are derived from others of the same model, fitted on training images alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.core.errors import InputError
from rsir.descriptors.codes import Codes
from rsir.descriptors.derivation_steps import STEPS, Training, Vectors, unit_vectors
from rsir.descriptors.fitted import Fitted

Definitions = Mapping[str, Mapping[str, Any]]
"""By name: `from`, the name of a descriptor, or `concatenate`, a list of names, with `weights`; and
`steps`, a list of mappings with one key of `STEPS` and its value. Names are those of native
descriptors or of other definitions, in any order."""

Transform = Callable[[str, str, Any, Vectors], "Vectors | Codes"]
"""Applies a step to vectors (N, D): its name in `Fitted`, its key in `STEPS` and its value."""


def fit(
    definitions: Definitions,
    train: Mapping[str, NDArray[np.float32]],
    scenes: NDArray[np.str_] | None,
    labels: NDArray[np.bool_],
    name: str,
) -> Fitted:
    """Fit the steps of a derived descriptor to the training images.

    Parameters
    ----------
    definitions : mapping
        The definition of the descriptor, and of those that it is derived from.
    train : mapping
        The descriptors of a model for the T training images, float32 T×D by name.
    scenes : ndarray or None
        (T,) scene of each, if the archive has scenes.
    labels : ndarray
        (T, L) labels of each.
    name : str
        The definition that is fitted.

    Raises
    ------
    InputError
        If a definition names a descriptor that does not exist, or itself, directly or not, or if
        a step cannot be fitted.
    """
    fitted: Fitted = {}

    def transform(place: str, kind: str, value: Any, vectors: Vectors) -> Vectors | Codes:
        try:
            fitted[place] = STEPS[kind].fit(Training(vectors, scenes, labels), value)
        except InputError as error:
            definition = place.partition("/")[0]
            raise InputError(f"config: descriptors.{definition}: {kind}: {error}") from error
        return STEPS[kind].apply(vectors, value, fitted[place])

    _computed(definitions, train, name, transform)
    return fitted


def derive(
    definitions: Definitions,
    fitted: Fitted,
    descriptors: Mapping[str, NDArray[np.float32]],
    name: str,
) -> NDArray[np.float32] | Codes:
    """Compute a derived descriptor of any images.

    Parameters
    ----------
    definitions : mapping
        The definition of the descriptor, and of those that it is derived from.
    fitted : dict
        What `fit` returns for them.
    descriptors : mapping
        The descriptors of a model, float32 N×D by name.
    name : str
        The definition that is computed.

    Returns
    -------
    ndarray or Codes
        float32 N×D; codes if the last step makes codes.
    """
    values = _computed(
        definitions,
        descriptors,
        name,
        lambda place, kind, value, vectors: STEPS[kind].apply(vectors, value, fitted[place]),
    )
    return values if isinstance(values, Codes) else values.astype(np.float32)


def concatenated(parts: Sequence[Vectors], weights: Sequence[float]) -> Vectors:
    """Return unit vectors side by side, each multiplied by the root of its weight.

    The cosine of two such vectors is the weighted mean of the cosines of their parts.
    """
    if len(parts) != len(weights):
        raise InputError(
            f"config: descriptors: {len(weights)} weights for {len(parts)} descriptors; "
            "state one for each"
        )
    scaled = zip(parts, np.sqrt(weights), strict=True)
    return np.concatenate([unit_vectors(part) * root for part, root in scaled], axis=1)


def _computed(
    definitions: Definitions,
    descriptors: Mapping[str, NDArray[np.float32]],
    name: str,
    transform: Transform,
    wanted_by: tuple[str, ...] = (),
) -> Vectors | Codes:
    """Compute a descriptor from those that it is derived from, step by step.

    `wanted_by` are the definitions that lead to it.
    """
    if name in descriptors:
        return descriptors[name].astype(float)
    if name in wanted_by:
        raise InputError(f"config: descriptors.{name}: is derived from itself; name another")
    if name not in definitions:
        wanting = wanted_by[-1] if wanted_by else name
        raise InputError(
            f"config: descriptors.{wanting}: this model has no descriptor "
            f"{name!r}, but {', '.join(descriptors)}; name one of these"
        )
    definition = definitions[name]
    sources = definition.get("concatenate") or [definition["from"]]
    parts = [
        _vectors(_computed(definitions, descriptors, source, transform, (*wanted_by, name)))
        for source in sources
    ]
    values: Vectors | Codes = parts[0]
    if "concatenate" in definition:
        values = concatenated(parts, definition.get("weights") or [1.0] * len(parts))
    for number, step in enumerate(definition.get("steps", [])):
        [(kind, value)] = step.items()
        values = transform(f"{name}/{number}", kind, value, _vectors(values))
    return values


def _vectors(values: Vectors | Codes) -> Vectors:
    return values.vectors().astype(float) if isinstance(values, Codes) else values
