"""Descriptors that are derived from others of the same model, fitted on the training images alone.

A step is a function that is fitted to vectors and returns a transform; a new one is an entry of
`STEPS`. Steps compute in double precision and are deterministic.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.core.errors import InputError

Vectors = NDArray[np.float64]
Transform = Callable[[Vectors], Vectors]
Fit = Callable[[Vectors, NDArray[np.str_] | None, Any], Transform]
"""From training vectors (N, D), their scenes (N,), if any, and the value of the step."""

MIN_NORM = 1e-60
"""Replaces a norm of zero."""


def unit_vectors(vectors: Vectors) -> Vectors:
    """Return the rows divided by their Euclidean norms; rows of zeros stay zeros."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Vectors = vectors / np.maximum(norms, MIN_NORM)
    return units


def signed_power(vectors: Vectors, exponent: float) -> Vectors:
    """Return sign(x) |x|^exponent of each element x.

    Perronnin, Sánchez, Mensink, "Improving the Fisher kernel for large-scale image classification",
    ECCV 2010, section 3.2.
    """
    powers: Vectors = np.sign(vectors) * np.abs(vectors) ** exponent
    return powers


def _fit_l2(_train: Vectors, _scenes: NDArray[np.str_] | None, _value: Any) -> Transform:
    return unit_vectors


def _fit_power(_train: Vectors, _scenes: NDArray[np.str_] | None, exponent: float) -> Transform:
    return lambda vectors: signed_power(vectors, exponent)


def _fit_pca(train: Vectors, _scenes: NDArray[np.str_] | None, dimension: int) -> Transform:
    return _principal_components(train, dimension, whiten=False)


def _fit_whitening(train: Vectors, _scenes: NDArray[np.str_] | None, dimension: int) -> Transform:
    return _principal_components(train, dimension, whiten=True)


def _principal_components(train: Vectors, dimension: int, whiten: bool) -> Transform:
    from sklearn.decomposition import PCA

    # The deviations of N vectors from their mean span N - 1 dimensions at most.
    most = min(len(train) - 1, train.shape[1])
    if dimension > most:
        raise InputError(
            f"{dimension} dimensions of {len(train)} training images with {train.shape[1]} "
            f"dimensions; ask for at most {most}"
        )
    fitted = PCA(dimension, whiten=whiten, svd_solver="full").fit(train)
    return lambda vectors: np.asarray(fitted.transform(vectors), float)


def _fit_lda(train: Vectors, scenes: NDArray[np.str_] | None, _by: str) -> Transform:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    if scenes is None or len(np.unique(scenes)) < 2:
        raise InputError("there are no two scenes to tell apart; leave this step out")
    if len(np.unique(scenes)) == len(scenes):
        raise InputError("no two training images have the same scene; leave this step out")
    fitted = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto").fit(train, scenes)
    return lambda vectors: np.asarray(fitted.transform(vectors), float)


def _fit_sign(train: Vectors, _scenes: NDArray[np.str_] | None, _method: str) -> Transform:
    mean = train.mean(axis=0)
    return lambda vectors: np.where(vectors >= mean, 1.0, -1.0)


STEPS: dict[str, Fit] = {
    "l2": _fit_l2,
    "power": _fit_power,
    "pca": _fit_pca,
    "whiten": _fit_whitening,
    "lda": _fit_lda,
    "binarize": _fit_sign,
}
"""How each step is fitted; the keys are those of a step in the configuration."""


def derive(
    definitions: Mapping[str, Mapping[str, Any]],
    descriptors: Mapping[str, NDArray[np.float32]],
    train: NDArray[np.intp],
    scenes: NDArray[np.str_] | None,
    name: str,
) -> NDArray[np.float32]:
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
    name : str
        The definition that is computed.

    Returns
    -------
    ndarray
        float32 N×D.

    Raises
    ------
    InputError
        If a definition names a descriptor that does not exist, or itself, directly or not, or if
        a step cannot be fitted.
    """
    made: dict[str, Vectors] = {name: values.astype(float) for name, values in descriptors.items()}
    pending: list[str] = []

    def values_of(name: str, wanted_by: str) -> Vectors:
        if name in pending:
            raise InputError(f"config: descriptors.{name}: is derived from itself; name another")
        if name not in made:
            if name not in definitions:
                raise InputError(
                    f"config: descriptors.{wanted_by}: this model has no descriptor {name!r}, but "
                    f"{', '.join(descriptors)}; name one of these"
                )
            pending.append(name)
            made[name] = compute(name, definitions[name])
            pending.pop()
        return made[name]

    def compute(name: str, definition: Mapping[str, Any]) -> Vectors:
        sources = definition.get("concatenate") or [definition["from"]]
        parts = [values_of(source, name) for source in sources]
        if "concatenate" in definition:
            vectors = concatenated(parts, definition.get("weights") or [1.0] * len(parts))
        else:
            vectors = parts[0]
        for step in definition.get("steps", []):
            [(kind, value)] = step.items()
            try:
                transform = STEPS[kind](
                    vectors[train], None if scenes is None else scenes[train], value
                )
            except InputError as error:
                raise InputError(f"config: descriptors.{name}: {kind}: {error}") from error
            vectors = transform(vectors)
        return vectors

    return values_of(name, name).astype(np.float32)


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
