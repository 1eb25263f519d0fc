"""The checks of the audit, and what they are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from rsir.audit.duplicate_checks import duplicate_findings
from rsir.audit.finding import Finding, by_severity
from rsir.audit.label_checks import (
    absent_labels,
    broken_exclusions,
    crowded_images,
    rare_labels,
    twin_labels,
    unlabelled_images,
)
from rsir.audit.neighbour_checks import contradicted_labels
from rsir.audit.pixel_checks import (
    empty_images,
    grey_images,
    two_radiometries,
    unusual_modes,
    unusual_sizes,
)
from rsir.audit.pixel_statistics import PixelStatistics
from rsir.audit.scene_label_checks import nearly_constant_labels, promised_labels
from rsir.audit.split_checks import close_to_training, one_sided_scenes, unexpected_shares
from rsir.metrics.arrays import Floats, Ints, Scenes


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of an archive of N images.

    Attributes
    ----------
    archive
        The archive's table.
    subset
        (N,) `train`, `validation` or `test`.
    database
        The images that the test images search: `test`, `train` or `all`.
    fractions
        The requested share of each subset; none where a file states the subsets.
    duplicates
        The columns `group`, `image`, `duplicate` and `kind`, a row per pair.
    pixels
        Statistics of the pixels.
    modes
        How the file of each image stores its pixels; none where files are rasters of bands.
    groups
        (N,) the group of each image, for each attribute that groups the archive.
    neighbours
        (N, k) rows and (N, k) similarities of the images that look most like each; None if unknown.
    place
        (N, 2) longitude and latitude in degrees, NaN where unknown.
    exclusive
        Groups of labels of which an image has one.
    minimum_positives
        Images of a label below which it is rare.
    minimum_distance_km
        Distance below which a test image is close to a training image.
    """

    archive: pd.DataFrame
    subset: Scenes
    database: str
    duplicates: pd.DataFrame
    pixels: PixelStatistics
    place: Floats
    modes: Sequence[str] = ()
    groups: Mapping[str, Scenes] = field(default_factory=dict)
    neighbours: tuple[Ints, Floats] | None = None
    fractions: Mapping[str, float] = field(default_factory=dict)
    exclusive: Sequence[Sequence[str]] = ()
    minimum_positives: int = 5
    minimum_distance_km: float = 2.0


def findings(known: Evidence) -> list[Finding]:
    """Return what all checks find, from the worst. A new check is an entry here."""
    archive, subset = known.archive, known.subset
    return by_severity(
        [
            *duplicate_findings(archive, subset, known.database, known.duplicates),
            *promised_labels(archive),
            *crowded_images(archive),
            *broken_exclusions(archive, known.exclusive),
            *unlabelled_images(archive),
            *absent_labels(archive, subset),
            *rare_labels(archive, subset, known.minimum_positives),
            *nearly_constant_labels(archive),
            *twin_labels(archive),
            *unexpected_shares(subset, known.fractions),
            *one_sided_scenes(archive, subset),
            *(contradicted_labels(archive, *known.neighbours) if known.neighbours else ()),
            *empty_images(known.pixels),
            *grey_images(known.pixels),
            *unusual_sizes(archive),
            *unusual_modes(known.modes),
            *two_radiometries(archive, {"subset": subset, **known.groups}, known.pixels),
            *close_to_training(known.place, subset, known.minimum_distance_km),
        ]
    )
