"""The steps by which descriptors are derived, fitted to training vectors.

A step is a function that is fitted and returns a transform; a new one is an entry of `STEPS` and
a key of a step in the schema of the configuration. Steps compute in double precision and are
deterministic.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.core.errors import InputError
from rsir.descriptors.codes import BYTE_VALUES, Codes, sign_codes

Vectors = NDArray[np.float64]
Transform = Callable[[Vectors], "Vectors | Codes"]

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


def _fit_l2(_training: Training, _value: Any) -> Transform:
    return unit_vectors


def _fit_power(_training: Training, exponent: float) -> Transform:
    return lambda vectors: signed_power(vectors, exponent)


def _fit_pca(training: Training, dimension: int) -> Transform:
    return _principal_components(training.vectors, dimension, whiten=False)


def _fit_whitening(training: Training, dimension: int) -> Transform:
    return _principal_components(training.vectors, dimension, whiten=True)


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


def _fit_lda(training: Training, by: str) -> Transform:
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
    return lambda vectors: np.asarray(fitted.transform(vectors), float)


def _fit_binarization(training: Training, method: str) -> Transform:
    mean = training.vectors.mean(axis=0)
    if method == "sign":
        return lambda vectors: sign_codes(vectors >= mean)
    rotation = quantizing_rotation(training.vectors - mean)
    return lambda vectors: sign_codes((vectors - mean) @ rotation >= 0)


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


def _fit_int8(training: Training, _value: Any) -> Transform:
    """Divide the range of each element over the training images into 255 steps; clip the others."""
    low, high = training.vectors.min(axis=0), training.vectors.max(axis=0)
    step = np.where(high > low, (high - low) / (BYTE_VALUES - 1), 1)
    table = low[:, None] + step[:, None] * np.arange(BYTE_VALUES)
    codebook = table[:, :, None].astype(np.float32)

    def encoded(vectors: Vectors) -> Codes:
        numbers = np.clip(np.rint((vectors - low) / step), 0, BYTE_VALUES - 1)
        return Codes(numbers.astype(np.uint8), codebook, len(low))

    return encoded


def _fit_product_quantizer(training: Training, settings: dict[str, int]) -> Transform:
    """Cut vectors into parts, and replace each by the nearest of up to 256 centroids.

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
    size, centroids = dimension // number, min(BYTE_VALUES, images)
    codebook = np.zeros((number, BYTE_VALUES, size), np.float32)
    for part, table in enumerate(codebook):
        rows = np.ascontiguousarray(training.vectors[:, part * size : (part + 1) * size], "f4")
        clustering = faiss.Kmeans(
            size,
            centroids,
            niter=CLUSTERING_ITERATIONS,
            min_points_per_centroid=1,
            max_points_per_centroid=images,
            seed=part,
        )
        clustering.train(rows)
        table[:centroids] = clustering.centroids

    def encoded(vectors: Vectors) -> Codes:
        parts = np.ascontiguousarray(vectors, "f4").reshape(len(vectors), number, size)
        values = np.empty((len(vectors), number), np.uint8)
        for part, table in enumerate(codebook):
            nearest = faiss.knn(np.ascontiguousarray(parts[:, part]), table[:centroids], 1)[1]
            values[:, part] = nearest[:, 0]
        return Codes(values, codebook, dimension)

    return encoded


STEPS: dict[str, Callable[[Training, Any], Transform]] = {
    "l2": _fit_l2,
    "power": _fit_power,
    "pca": _fit_pca,
    "whiten": _fit_whitening,
    "lda": _fit_lda,
    "binarize": _fit_binarization,
    "int8": _fit_int8,
    "pq": _fit_product_quantizer,
}
"""How each step is fitted to the training images; the keys are those of the configuration."""
