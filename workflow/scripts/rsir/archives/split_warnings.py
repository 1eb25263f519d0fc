"""What is sound but surprising about a split: one line each, for the log and the end of a run."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.archive_table import label_names
from rsir.core.errors import first_few

_FAR = 0.05
"""Difference between the requested and the actual share of a subset that is worth a warning."""


def split_warnings(archive: pd.DataFrame, split: pd.DataFrame, **fractions: float) -> list[str]:
    """Return what the results of a split should be read with.

    Parameters
    ----------
    archive
        The archive's table.
    split
        The columns `image` and `subset`, in the archive's order.
    fractions
        The requested share of each subset; none where a file states the subsets.

    Returns
    -------
    list of str
        One line each for: byte-identical images in two subsets; labels without a training image;
        labels without a test image; a subset whose share differs by more than 5 points, and by
        more than one image, from the requested one.
    """
    subset = split["subset"].to_numpy()
    return [
        *_copies(archive, subset),
        *_absent_labels(archive, subset == "train", "training", "nothing learns them"),
        *_absent_labels(archive, subset == "test", "test", "no query has them"),
        *_far_shares(subset, fractions),
    ]


def _copies(archive: pd.DataFrame, subset: NDArray[np.str_]) -> Iterator[str]:
    table = pd.DataFrame({"image": archive["image"], "sha256": archive["sha256"], "subset": subset})
    across = table.groupby("sha256")["subset"].transform("nunique") > 1
    if across.any():
        copies = table[across]
        first = copies[copies["sha256"] == copies["sha256"].iloc[0]]
        example = first.drop_duplicates("subset").head(2)
        names = " and ".join(f"{row.image!r} ({row.subset})" for row in example.itertuples())
        yield (
            f"split: {len(copies)} images are byte-identical to one of another subset, such as "
            f"{names}; remove copies, or keep them in one subset by a split file"
        )


def labels_without_images(archive: pd.DataFrame, chosen: NDArray[np.bool_]) -> list[str]:
    """Return the labels that none of the chosen images (N,) has."""
    names = label_names(archive)
    counts = archive.loc[chosen, names].to_numpy().sum(axis=0)
    return [label for label, count in zip(names, counts, strict=True) if count == 0]


def far_from_request(
    subset: NDArray[np.str_], fractions: Mapping[str, float]
) -> list[tuple[str, int, float]]:
    """Return each subset whose share is far from the requested one: its name, images, request."""
    sizes = [(name, int((subset == name).sum()), share) for name, share in fractions.items()]
    limit = max(1, _FAR * len(subset))
    return [one for one in sizes if abs(one[1] - one[2] * len(subset)) > limit]


def _absent_labels(
    archive: pd.DataFrame, chosen: NDArray[np.bool_], name: str, consequence: str
) -> Iterator[str]:
    if missing := labels_without_images(archive, chosen):
        yield (
            f"split: {len(missing)} of {len(label_names(archive))} labels are on no {name} image, "
            f"so {consequence}: {first_few(missing)}; remove them, or split otherwise"
        )


def _far_shares(subset: NDArray[np.str_], fractions: Mapping[str, float]) -> Iterator[str]:
    for name, images, fraction in far_from_request(subset, fractions):
        yield (
            f"split: {images} of {len(subset)} images ({images / len(subset):.0%}) are in the "
            f"subset '{name}', not {fraction:.0%} as {name}_fraction asks: labels or scenes "
            "have too few images to be divided so"
        )
