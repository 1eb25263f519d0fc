"""The steps by which descriptors are derived, fitted to training vectors.

A step is a pair of functions: one fits parameters, which are arrays that can be stored, the other
applies them. A new step is an entry of `STEPS` and a key of a step in the schema of the
configuration. Steps compute in double precision and are deterministic.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.core.errors import InputError
from rsir.descriptors.codes import BYTE_VALUES, Codes, sign_codes
from rsir.descriptors.fitted import Parameters

Vectors = NDArray[np.float64]

MIN_NORM = 1e-60
"""Replaces a norm of zero."""

ROTATION_ITERATIONS = 50
CLUSTERING_ITERATIONS = 25


@dataclass(frozen=True)
class Training:
    """The training images that a step is fitted to.

    Attributes
    ----------
    vectors
        (N, D).
    scenes
        (N,), or None without scenes.
    labels
        (N, L).
    """

    vectors: Vectors
    scenes: NDArray[np.str_] | None
    labels: NDArray[np.bool_]


@dataclass(frozen=True)
class Step:
    """A step of a derivation.

    Attributes
    ----------
    fit
        Returns the parameters for training images and the step's value in the configuration.
    apply
        Returns vectors or codes (N, …) of vectors (N, D), by the value and the parameters.
    """

    fit: Callable[[Training, Any], Parameters]
    apply: Callable[[Vectors, Any, Parameters], Vectors | Codes]


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


def projected(vectors: Vectors, parameters: Parameters) -> Vectors:
    """Return vectors (N, D) times the `matrix` (D, E), minus the `offset` (E,)."""
    projections: Vectors = vectors @ parameters["matrix"] - parameters["offset"]
    return projections


def _fit_principal_components(train: Vectors, dimension: int, whiten: bool) -> Parameters:
    from sklearn.decomposition import PCA

    # The deviations of N vectors from their mean span N - 1 dimensions at most.
    most = min(len(train) - 1, train.shape[1])
    if dimension > most:
        raise InputError(
            f"{dimension} dimensions of {len(train)} training images with {train.shape[1]} "
            f"dimensions; ask for at most {most}"
        )
    fitted = PCA(dimension, svd_solver="full").fit(train)
    matrix = np.asarray(fitted.components_.T, float)
    if whiten:
        least = np.finfo(float).eps
        matrix = matrix / np.maximum(np.sqrt(fitted.explained_variance_), least)
    return {"matrix": matrix, "offset": fitted.mean_ @ matrix}


def _fit_lda(training: Training, by: str) -> Parameters:
    """Fit linear discriminants, with the covariance shrunk as by Ledoit and Wolf.

    With labels, an image counts once for each of its labels, in the scatter between the means of
    the labels and within them: Wang, Ding, Huang, "Multi-label linear discriminant analysis", ECCV
    2010, equations 3 to 5. Images without labels do not count.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    rows: NDArray[np.intp]
    classes: NDArray[Any]
    if by == "label":
        rows, classes = np.nonzero(training.labels)
    elif training.scenes is None:
        raise InputError("there are no scenes to tell apart; use `lda: label`")
    else:
        rows, classes = np.arange(len(training.scenes)), training.scenes
    number = len(np.unique(classes))
    if number < 2 or number == len(rows):
        raise InputError(
            f"the training images have {number} different {by}s for {len(rows)} places; two are "
            "needed, and two images of one; leave this step out"
        )
    fitted = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    fitted.fit(training.vectors[rows], classes)
    matrix = np.asarray(fitted.scalings_, float)[:, : len(fitted.classes_) - 1]
    return {"matrix": matrix, "offset": np.zeros(matrix.shape[1])}


def _fit_binarization(training: Training, method: str) -> Parameters:
    mean = training.vectors.mean(axis=0)
    if method == "sign":
        return {"mean": mean}
    return {"mean": mean, "rotation": quantizing_rotation(training.vectors - mean)}


def _binarized(vectors: Vectors, method: str, parameters: Parameters) -> Codes:
    if method == "sign":
        return sign_codes(vectors >= parameters["mean"])
    return sign_codes((vectors - parameters["mean"]) @ parameters["rotation"] >= 0)


def quantizing_rotation(centred: Vectors) -> Vectors:
    """Return the rotation (D, D) of vectors (N, D) that brings them close to their signs.

    Iterative quantization: Gong, Lazebnik, "Iterative quantization: a Procrustean approach to
    learning binary codes", CVPR 2011, section 2.2; 50 iterations from a random rotation.
    """
    random = np.random.default_rng(0).normal(size=(centred.shape[1], centred.shape[1]))
    rotation: Vectors = np.linalg.qr(random)[0]
    for _ in range(ROTATION_ITERATIONS):
        signs = np.where(centred @ rotation >= 0, 1.0, -1.0)
        left, _, right = np.linalg.svd(signs.T @ centred)
        rotation = (left @ right).T
    return rotation


def _fit_int8(training: Training, _value: Any) -> Parameters:
    """Divide the range of each element over the training images into 255 steps; clip the others."""
    low, high = training.vectors.min(axis=0), training.vectors.max(axis=0)
    return {"low": low, "step": np.where(high > low, (high - low) / (BYTE_VALUES - 1), 1)}


def _as_int8(vectors: Vectors, _value: Any, parameters: Parameters) -> Codes:
    low, step = parameters["low"], parameters["step"]
    table = low[:, None] + step[:, None] * np.arange(BYTE_VALUES)
    numbers = np.clip(np.rint((vectors - low) / step), 0, BYTE_VALUES - 1)
    return Codes(numbers.astype(np.uint8), table[:, :, None].astype(np.float32), len(low))


def _fit_product_quantizer(training: Training, settings: dict[str, int]) -> Parameters:
    """Cut vectors into parts, and learn up to 256 centroids of each.

    Jégou, Douze, Schmid, "Product quantization for nearest neighbor search", PAMI 2011. With fewer
    than 256 training images, there are as many centroids as images.
    """
    import faiss

    number, (images, dimension) = settings["bytes"], training.vectors.shape
    if dimension % number:
        raise InputError(
            f"{dimension} dimensions do not divide into {number} parts; put a pca with a multiple "
            f"of {number} dimensions before it"
        )
    faiss.omp_set_num_threads(1)  # with several, the sums of k-means depend on their order
    parameters: Parameters = {}
    if settings.get("rotation"):
        parameters["rotation"] = optimized_rotation(training.vectors, number)
    vectors = _rotated(training.vectors, parameters)
    size, centroids = dimension // number, min(BYTE_VALUES, images)
    tables = np.empty((number, centroids, size), np.float32)
    for part in range(number):
        rows = np.ascontiguousarray(vectors[:, part * size : (part + 1) * size], "f4")
        clustering = faiss.Kmeans(
            size,
            centroids,
            niter=CLUSTERING_ITERATIONS,
            min_points_per_centroid=1,
            max_points_per_centroid=images,
            seed=part,
        )
        clustering.train(rows)
        tables[part] = clustering.centroids
    return {**parameters, "centroids": tables}


def optimized_rotation(vectors: Vectors, parts: int) -> Vectors:
    """Return the rotation (D, D) after which product quantization of vectors (N, D) loses least.

    Ge, He, Ke, Sun, "Optimized product quantization", PAMI 2014, section 3.1.

    Raises
    ------
    InputError
        If there are fewer vectors than centroids.
    """
    import faiss

    if len(vectors) < BYTE_VALUES:
        raise InputError(
            f"a rotation needs at least {BYTE_VALUES} training images, and there are "
            f"{len(vectors)}; leave it out"
        )
    dimension = vectors.shape[1]
    quantizer = faiss.ProductQuantizer(dimension, parts, 8)
    quantizer.cp.min_points_per_centroid = 1
    matrix: Any = faiss.OPQMatrix(dimension, parts)
    matrix.pq = quantizer
    matrix.train(np.ascontiguousarray(vectors, "f4"))
    transposed = faiss.vector_to_array(matrix.A).reshape(dimension, dimension)
    return np.asarray(transposed.T, float)


def _rotated(vectors: Vectors, parameters: Parameters) -> Vectors:
    """Return vectors (N, D) after the rotation, if there is one."""
    rotation = parameters.get("rotation")
    return vectors if rotation is None else vectors @ rotation


def _product_quantized(vectors: Vectors, _settings: Any, parameters: Parameters) -> Codes:
    """Replace each part of the vectors by the nearest of its centroids."""
    import faiss

    tables = parameters["centroids"]
    number, centroids, size = tables.shape
    rotated = _rotated(vectors, parameters)
    parts = np.ascontiguousarray(rotated, "f4").reshape(len(vectors), number, size)
    values = np.empty((len(vectors), number), np.uint8)
    for part, table in enumerate(tables):
        nearest = faiss.knn(np.ascontiguousarray(parts[:, part]), table, 1)[1]
        values[:, part] = nearest[:, 0]
    codebook = np.zeros((number, BYTE_VALUES, size), np.float32)
    codebook[:, :centroids] = tables
    return Codes(values, codebook, number * size)


def _nothing(_training: Training, _value: Any) -> Parameters:
    return {}


STEPS = {
    "l2": Step(_nothing, lambda vectors, _value, _parameters: unit_vectors(vectors)),
    "power": Step(_nothing, lambda vectors, value, _parameters: signed_power(vectors, value)),
    "pca": Step(
        lambda training, size: _fit_principal_components(training.vectors, size, whiten=False),
        lambda vectors, _value, parameters: projected(vectors, parameters),
    ),
    "whiten": Step(
        lambda training, size: _fit_principal_components(training.vectors, size, whiten=True),
        lambda vectors, _value, parameters: projected(vectors, parameters),
    ),
    "lda": Step(_fit_lda, lambda vectors, _value, parameters: projected(vectors, parameters)),
    "binarize": Step(_fit_binarization, _binarized),
    "int8": Step(_fit_int8, _as_int8),
    "pq": Step(_fit_product_quantizer, _product_quantized),
}
"""The steps by name; the keys are those of the configuration."""
