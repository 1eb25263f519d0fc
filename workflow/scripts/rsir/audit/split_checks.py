"""Findings on the split: its shares, scenes on one side, test images close to training images."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from rsir.archives.archive_table import has_scenes
from rsir.archives.split_warnings import far_from_request
from rsir.audit.finding import (
    Finding,
    count,
    listed,
    severity_of_share,
    share,
    single_cases,
)
from rsir.audit.thresholds import CLOSE
from rsir.metrics.arrays import Floats, Scenes

_EARTH_RADIUS = 6371.0  # km, the mean one


def unexpected_shares(subset: Scenes, fractions: Mapping[str, float]) -> Iterator[Finding]:
    """Yield subsets whose share is far from the requested fraction."""
    for name, images, fraction in far_from_request(subset, fractions):
        yield Finding(
            kind="share of a subset",
            severity="warning",
            what=f"{images:,} of {count(len(subset), 'image')} ({share(images, len(subset))}) are "
            f"in the subset {name!r}, not {fraction:.0%} as split.{name}_fraction asks.",
            why="Scenes, labels or groups have too few images to be divided so; scores are of "
            "another amount of training or of test images than the configuration says.",
            advice="Read split.csv, and choose another method or other fractions.",
        )


def one_sided_scenes(archive: pd.DataFrame, subset: Scenes) -> Iterator[Finding]:
    """Yield scenes without a training image, and scenes without a test image."""
    if not has_scenes(archive):
        return
    scenes = archive["scene"].to_numpy(str)
    consequences = {
        "train": "A fine-tuning never sees them: scores on them are of another question.",
        "test": "No query is of them, so that no score says how well they are retrieved.",
    }
    for part, why in consequences.items():
        missing = sorted(set(scenes) - set(scenes[subset == part]))
        if missing:
            word = {"train": "training", "test": "test"}[part]
            yield Finding(
                kind=f"scenes without {word} images",
                severity="warning",
                what=f"{count(len(missing), 'scene')} of {len(set(scenes))} without {word} "
                f"images: {listed(missing)}.",
                why=why,
                advice="Split by scene (split.method: leading or stratified), or state in a report "
                "that these scenes are held out.",
                cases=single_cases(np.flatnonzero(np.isin(scenes, missing))),
            )


def close_to_training(place: Floats, subset: Scenes, distance: float) -> Iterator[Finding]:
    """Yield test images whose centre is close to that of a training image, the closest first.

    Parameters
    ----------
    place
        (N, 2) longitude and latitude in degrees, NaN where unknown.
    subset
        (N,) `train`, `validation` or `test`.
    distance
        In km, along a great circle.
    """
    known = ~np.isnan(place).any(axis=1)
    training, test = (np.flatnonzero(known & (subset == part)) for part in ("train", "test"))
    if not (len(training) and len(test)):
        return
    points = on_sphere(place)
    chord, _ = KDTree(points[training]).query(points[test])
    kilometres = 2 * _EARTH_RADIUS * np.arcsin(np.clip(chord / 2, 0, 1))
    order = np.argsort(kilometres, kind="stable")
    order = order[kilometres[order] < distance]
    if len(order):
        yield Finding(
            kind="test images close to training images",
            severity=severity_of_share(len(order), len(test), CLOSE),
            what=f"{len(order):,} of {count(len(test), 'test image')} with a known place "
            f"({share(len(order), len(test))}) less than {distance:g} km from a training image, "
            "centre to centre.",
            why="Neighbouring places look alike on the same day. Scores on them say little about "
            "places that were never seen.",
            advice="Keep regions on one side of the split; the limit is audit.minimum_distance_km.",
            cases=single_cases(test[order], [f"{km:.2f} km" for km in kilometres[order]]),
        )


def on_sphere(place: Floats) -> Floats:
    """Return the point (N, 3) on the unit sphere of each longitude and latitude (N, 2)."""
    longitude, latitude = np.radians(place).T
    radius = np.cos(latitude)
    return np.stack(
        [radius * np.cos(longitude), radius * np.sin(longitude), np.sin(latitude)], axis=1
    )
