"""Duplicates among the images of an archive: proposed by local features, confirmed by pixels."""

from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from tempfile import gettempdir

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from rsir.archives.duplicates_table import COLUMNS, duplicate_groups
from rsir.audit.identical import equal_rows
from rsir.audit.local_features import StoredFeatures, describe_all, reduced
from rsir.audit.proposals import propose_pairs
from rsir.audit.registration import compare, register
from rsir.audit.thresholds import CORRELATION, NEAR_OVERLAP, OVERLAP
from rsir.core.files import scratch_file
from rsir.core.processes import in_threads
from rsir.core.progress import progress

IDENTITY = ("identical", 1.0, 1.0, 0.0, 0, 1.0)

Pair = tuple[int, int, str, float, float, float, int, float]


def find_duplicates(
    images: Sequence[NDArray[np.uint8]],
    digests: Sequence[str],
    workers: int,
    bands: Sequence[NDArray[np.generic]] | None = None,
    folder: Path | None = None,
) -> pd.DataFrame:
    """Return the pairs of duplicates among images.

    Parameters
    ----------
    images
        N renderings, uint8 H×W×3.
    digests
        The digest of each image's files, (N,).
    workers
        Number of threads.
    bands
        The images with all their bands, where they have others than the rendering; images are then
        identical only if all bands are.
    folder
        The folder of a temporary file, 16 KB for each image; that of the system by default.

    Returns
    -------
    DataFrame
        The columns `first` and `second`, rows of images, and those of
        `rsir.archives.duplicates_table.COLUMNS` from `kind` on.
    """
    cv2.setNumThreads(1)  # the threads are those of images and pairs
    with scratch_file(folder or Path(gettempdir())) as file:
        features, pixel_digests = describe_all(images, workers, file)
        return _find(images, digests, features, pixel_digests, workers, bands)


def _find(
    images: Sequence[NDArray[np.uint8]],
    digests: Sequence[str],
    features: StoredFeatures,
    pixel_digests: Sequence[bytes],
    workers: int,
    bands: Sequence[NDArray[np.generic]] | None,
) -> pd.DataFrame:
    same = equal_rows(pixel_digests)
    if bands is not None:
        equal = [np.array_equal(bands[first], bands[second]) for first, second in same]
        same = same[np.array(equal, dtype=bool)]
    same = np.unique(np.concatenate([equal_rows(digests), same]), axis=0)
    group = duplicate_groups(same, len(images))
    members = pd.Series(np.flatnonzero(group)).groupby(group[group > 0])
    copies = {rows.iloc[0]: list(rows) for _, rows in members}
    originals = np.sort(np.concatenate([np.flatnonzero(group == 0), np.array([*copies], int)]))
    candidates = propose_pairs(features, originals)
    rows: list[Pair] = [(*pair, *IDENTITY) for pair in same.tolist()]
    for first, second, *found in _confirm(images, features, candidates, workers):
        pairs = product(*(copies.get(row, [row]) for row in (first, second)))
        rows += [(min(pair), max(pair), *found) for pair in pairs]
    return pd.DataFrame(rows, columns=["first", "second", *list(COLUMNS)[3:]])


def _confirm(
    images: Sequence[NDArray[np.uint8]],
    features: StoredFeatures,
    candidates: NDArray[np.int_],
    workers: int,
) -> Iterable[Pair]:
    """Return the candidates, rows of (first, second, mirrored), that pixels confirm.

    Of a pair that is confirmed both mirrored and not, the better one is returned.
    """

    def confirm(candidate: NDArray[np.int_]) -> Pair | None:
        first, second, mirrored = candidate.tolist()
        other = features[second].mirrored() if mirrored else features[second]
        registration = register(features[first], other)
        if registration is None:
            return None
        pixels = images[first], images[second]
        right = np.ascontiguousarray(pixels[1][:, ::-1]) if mirrored else pixels[1]
        correlation, share, refined = compare(reduced(pixels[0]), reduced(right), registration)
        if correlation < CORRELATION or share < OVERLAP:
            return None
        sizes = [max(one.shape[:2]) for one in pixels]
        scale = round(refined.scale * sizes[1] / sizes[0], 3)
        kind = "near" if share >= NEAR_OVERLAP else "overlap"
        angle = round(refined.rotation, 1) % 360
        angle = round(-angle % 360, 1) if mirrored else angle
        return first, second, kind, correlation, share, angle, mirrored, scale

    # Products of small matrices gain nothing from threads of their own, which wait for each other.
    with threadpool_limits(1):
        found = in_threads(confirm, list(candidates), workers)
        confirmed = list(filter(None, progress(found, len(candidates), "confirmed", "pair")))
    best: dict[tuple[int, int], Pair] = {}
    for pair in sorted(confirmed, key=lambda pair: pair[3]):
        best[pair[:2]] = pair
    return best.values()
