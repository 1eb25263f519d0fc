"""Descriptors that are derived from others of the same model, fitted on training images alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.core.errors import InputError
from rsir.descriptors.codes import Codes
from rsir.descriptors.derivation_steps import STEPS, Training, Vectors, unit_vectors


def derive(
    definitions: Mapping[str, Mapping[str, Any]],
    descriptors: Mapping[str, NDArray[np.float32]],
    train: NDArray[np.intp],
    scenes: NDArray[np.str_] | None,
    labels: NDArray[np.bool_],
    name: str,
) -> NDArray[np.float32] | Codes:
    """Compute a derived descriptor of all images.

    Parameters
    ----------
    definitions : mapping
        By name: `from`, the name of a descriptor, or `concatenate`, a list of names, with
        `weights`; and `steps`, a list of mappings with one key of `STEPS` and its value. Names are
        those of `descriptors` or of other definitions, in any order.
    descriptors : mapping
        The descriptors of a model, float32 N×D.
    train : ndarray
        Rows of the training images, to which all steps are fitted.
    scenes : ndarray or None
        (N,) scene of each image, if the archive has scenes.
    labels : ndarray
        (N, L) labels of each image.
    name : str
        The definition that is computed.

    Returns
    -------
    ndarray or Codes
        float32 N×D; codes if the last step makes codes.

    Raises
    ------
    InputError
        If a definition names a descriptor that does not exist, or itself, directly or not, or if
        a step cannot be fitted.
    """
    pending: list[str] = []

    def computed(name: str, wanted_by: str) -> Vectors | Codes:
        if name in descriptors:
            return descriptors[name].astype(float)
        if name in pending:
            raise InputError(f"config: descriptors.{name}: is derived from itself; name another")
        if name not in definitions:
            raise InputError(
                f"config: descriptors.{wanted_by}: this model has no descriptor {name!r}, but "
                f"{', '.join(descriptors)}; name one of these"
            )
        definition = definitions[name]
        pending.append(name)
        sources = definition.get("concatenate") or [definition["from"]]
        parts = [_vectors(computed(source, name)) for source in sources]
        pending.pop()
        values: Vectors | Codes = parts[0]
        if "concatenate" in definition:
            values = concatenated(parts, definition.get("weights") or [1.0] * len(parts))
        for step in definition.get("steps", []):
            [(kind, setting)] = step.items()
            vectors = _vectors(values)
            training = Training(
                vectors[train], None if scenes is None else scenes[train], labels[train]
            )
            try:
                values = STEPS[kind](training, setting)(vectors)
            except InputError as error:
                raise InputError(f"config: descriptors.{name}: {kind}: {error}") from error
        return values

    values = computed(name, name)
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


def _vectors(values: Vectors | Codes) -> Vectors:
    return values.vectors().astype(float) if isinstance(values, Codes) else values
