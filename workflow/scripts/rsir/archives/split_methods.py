"""The split of an archive into training, validation and test images."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.archive_table import has_scenes, label_matrix
from rsir.archives.attributes import official_split
from rsir.archives.split_file import read_split
from rsir.archives.split_groups import divide_groups
from rsir.core.errors import InputError

_MANY = 1 << 16  # images; the error does not state the number if a scene needs more


def split_archive(
    archive: pd.DataFrame,
    method: str,
    test_fraction: float = 0.2,
    validation_fraction: float = 0.0,
    seed: int = 0,
    file: Path | None = None,
    attributes: pd.DataFrame | None = None,
    groups: NDArray[np.int_] | None = None,
) -> pd.DataFrame:
    """Assign each image of an archive to a subset.

    Parameters
    ----------
    archive
        The archive's table.
    method
        `leading`: the first images of each scene, in the order of the archive, are for training,
        the next for validation and the last for testing. `stratified`: random, stratified by
        scene. `iterative`: random, stratified by label (Sechidis, Tsoumakas and Vlahavas, *On the
        Stratification of Multi-Label Data*, ECML PKDD 2011); the subset sizes then only
        approximate the fractions. `blocks`: whole groups, stratified by label. `official`: as the
        attribute `split` states. `file`: read from a file.
    test_fraction, validation_fraction
        Fractions of the archive for testing and validation.
    seed
        Seed of `stratified` and `iterative`.
    file
        For `file`: a CSV file with the columns `image` and `subset`.
    attributes
        For `official`: the attributes of the images.
    groups
        The group of each image, (N,), from 0; each is kept in one subset, except by `official` and
        `file`. For `leading`, a group is where its first image is.

    Returns
    -------
    DataFrame
        The columns `image` and `subset`, one of `rsir.archives.split_file.SUBSETS`, in the
        archive's order.

    Raises
    ------
    InputError
        If the archive is too small for the split or has no scenes to split by, or if the file
        does not fit the archive.
    """
    fractions = {"test": test_fraction, "validation": validation_fraction}
    match method:
        case "leading":
            subset = _lead(_scenes(archive, method, fractions), fractions)
            if groups is not None:
                first = np.unique(groups, return_index=True)[1]
                subset = subset[first[groups]]
        case "stratified" if groups is not None:
            scenes = pd.get_dummies(_scenes(archive, method, fractions)).to_numpy(bool)
            subset = _divide(scenes, groups, fractions, seed)
        case "iterative" | "blocks" if groups is not None:
            _check_fractions(fractions)
            subset = _divide(label_matrix(archive), groups, fractions, seed)
        case "stratified":
            from sklearn.model_selection import StratifiedShuffleSplit  # a slow import

            scenes = _scenes(archive, method, fractions)
            subset = _draw(StratifiedShuffleSplit, scenes, fractions, seed)
        case "iterative":
            from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

            _check_fractions(fractions)
            labels = label_matrix(archive)
            if labels.shape[1] == 1:  # its absence is another label; one alone is refused
                labels = np.hstack([labels, ~labels])
            subset = _draw(MultilabelStratifiedShuffleSplit, labels, fractions, seed)
        case "official" if attributes is not None:
            subset = official_split(attributes)
        case "file":
            if file is None:
                raise InputError("split.file: missing; name a CSV file of images and subsets")
            subset = read_split(file, archive)
        case _:
            raise ValueError(f"{method!r} is not a split method")
    return pd.DataFrame({"image": archive["image"], "subset": subset})


def _lead(scenes: NDArray[np.str_], fractions: dict[str, float]) -> NDArray[np.str_]:
    """Take the images of each scene from its end: first those that test."""
    subset = np.full(len(scenes), "train", dtype="<U10")
    for scene in np.unique(scenes):
        rows = np.flatnonzero(scenes == scene)
        end = len(rows)
        for name, fraction in fractions.items():
            start = end - round(fraction * len(rows))
            subset[rows[start:end]] = name
            end = start
    return subset


def _divide(
    strata: NDArray[np.bool_],
    groups: NDArray[np.int_],
    fractions: dict[str, float],
    seed: int,
) -> NDArray[np.str_]:
    """Divide groups; raise InputError if a subset stays empty."""
    subset = divide_groups(strata, groups, fractions, seed)
    for name in ("train", *(name for name, fraction in fractions.items() if fraction > 0)):
        if name not in subset:
            raise InputError(
                f"split: {groups.max() + 1} groups of images are too few or too large for a {name} "
                "subset; use smaller groups or blocks, or other fractions"
            )
    return subset


def _draw(
    splitter: type[Any], strata: NDArray[Any], fractions: dict[str, float], seed: int
) -> NDArray[np.str_]:
    """Draw the test images, then the validation images from the rest."""
    subset = np.full(len(strata), "train", dtype="<U10")
    rest = np.arange(len(strata))
    for name, fraction in fractions.items():
        if fraction == 0:
            continue
        splits = splitter(n_splits=1, test_size=round(fraction * len(strata)), random_state=seed)
        try:
            remaining, drawn = next(splits.split(rest, strata[rest]))
        except ValueError as error:
            raise InputError(
                f"split: cannot draw a stratified {name} subset ({error}); "
                "change the fractions or the method"
            ) from error
        if not (len(remaining) and len(drawn)):
            if strata.ndim == 2 and (single := int((strata[rest].sum(axis=0) == 1).sum())):
                raise InputError(
                    f"split: no image is left for a training and a {name} subset, since "
                    f"{single} of {strata.shape[1]} labels are on one image only; choose another "
                    "method or remove rare labels"
                )
            raise InputError(
                f"split: {len(strata)} images are too few for a training and a {name} subset; "
                "add images"
            )
        subset[rest[drawn]] = name
        rest = rest[remaining]
    return subset


def _scenes(archive: pd.DataFrame, method: str, fractions: dict[str, float]) -> NDArray[np.str_]:
    """Return the scene of each image; raise InputError if one is too small for all subsets."""
    _check_fractions(fractions)
    if not has_scenes(archive):
        raise InputError(
            f"split.method: {method} splits by scene, but the archive has no scenes; "
            "choose iterative or file"
        )

    def suffices(images: int) -> bool:
        sizes = [round(fraction * images) for fraction in fractions.values() if fraction]
        return min(sizes) > 0 and sum(sizes) < images

    for scene, images in archive["scene"].value_counts(sort=False).items():
        if not suffices(images):
            minimum = next(filter(suffices, range(images + 1, _MANY)), "more")
            raise InputError(
                f"split: scene {scene!r} has {images} images and needs {minimum} for one in each "
                "subset; add images, raise the fractions or remove the scene"
            )
    return archive["scene"].to_numpy(dtype=str)


def _check_fractions(fractions: dict[str, float]) -> None:
    if not (fractions["test"] > 0 and fractions["validation"] >= 0 and sum(fractions.values()) < 1):
        raise InputError(
            f"split: test_fraction {fractions['test']} and validation_fraction "
            f"{fractions['validation']} leave no images for testing or training; "
            "choose other fractions"
        )
