"""The similarity that maps an image onto another, and the correlation of their pixels."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rsir.audit.local_features import Features
from rsir.audit.thresholds import (
    AGREEING_FEATURES,
    COMMON_CONTRAST,
    FEATURE_TOLERANCE,
    SCALES,
)


@dataclass(frozen=True)
class Registration:
    """A similarity of the plane, float64 2×3, from an image to another or its mirror image."""

    matrix: NDArray[np.float64]
    inliers: int

    @property
    def scale(self) -> float:
        """Return the scale, of the reduced images."""
        return float(np.hypot(*self.matrix[:, 0]))

    @property
    def rotation(self) -> float:
        """Return the angle of the rotation in degrees, counterclockwise as displayed."""
        return float(np.degrees(np.arctan2(-self.matrix[1, 0], self.matrix[0, 0])) % 360)


def register(first: Features, second: Features) -> Registration | None:
    """Return the similarity that most of the matching features agree on, if there is one."""
    if min(len(first.places), len(second.places)) < AGREEING_FEATURES:
        return None
    one, two = (
        np.sqrt(side.descriptors / np.maximum(side.descriptors.sum(1, keepdims=True), 1))
        for side in (first, second)
    )
    similarity = one @ two.T
    best = similarity.argmax(axis=1)
    rows = np.flatnonzero(similarity.argmax(axis=0)[best] == np.arange(len(best)))
    if len(rows) < AGREEING_FEATURES:
        return None
    matrix, inliers = cv2.estimateAffinePartial2D(
        first.places[rows],
        second.places[best[rows]],
        method=cv2.RANSAC,
        ransacReprojThreshold=FEATURE_TOLERANCE,
        maxIters=500,
        confidence=0.99,
    )
    if matrix is None:
        return None
    found = Registration(np.asarray(matrix, float), int(inliers.sum()))
    inside = SCALES[0] <= found.scale <= SCALES[1]
    return found if found.inliers >= AGREEING_FEATURES and inside else None


def compare(
    first: NDArray[np.uint8], second: NDArray[np.uint8], found: Registration
) -> tuple[float, float, Registration]:
    """Return the correlation of the common pixels, their share, and the refined registration.

    The share is of the smaller image. The registration is refined on pixels (Evangelidis and
    Psarakis, *Parametric Image Alignment Using Enhanced Correlation Coefficient Maximization*,
    TPAMI 2008).

    Parameters
    ----------
    first, second
        Gray levels, uint8 H×W; `second` is mirrored if the registration is of its mirror image.
    """
    left, right = (cv2.GaussianBlur(gray, (0, 0), 1).astype(np.float32) for gray in (first, second))
    results = [(*_correlation(left, right, found.matrix), found)]
    matrix = found.matrix.astype(np.float32)
    try:
        criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 1e-4)
        _, matrix = cv2.findTransformECC(left, right, matrix, cv2.MOTION_AFFINE, criteria)
        refined = Registration(matrix.astype(float), found.inliers)
        if abs(refined.scale / found.scale - 1) < 0.1:
            results.append((*_correlation(left, right, refined.matrix), refined))
    except cv2.error:  # does not converge
        pass
    return max(results, key=lambda result: result[0])


def _correlation(
    left: NDArray[np.float32], right: NDArray[np.float32], matrix: NDArray[np.float64]
) -> tuple[float, float]:
    size, flags = left.shape[::-1], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(right, matrix, size, flags=flags)
    inside = cv2.warpAffine(np.ones_like(right), matrix, size, flags=flags) > 0.999
    scale = abs(np.linalg.det(matrix[:, :2]))
    share = float(inside.sum() / min(left.size, right.size / max(scale, 1e-6)))
    if inside.sum() < 2:
        return 0.0, 0.0
    one, two = left[inside], warped[inside]
    one, two = one - one.mean(), two - two.mean()
    if min(one.std(), two.std()) < COMMON_CONTRAST:
        return 0.0, share
    return float((one @ two) / (np.linalg.norm(one) * np.linalg.norm(two))), min(share, 1.0)
