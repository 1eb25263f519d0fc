"""Findings on labels: rare ones, images without or with very many, exclusions, twins."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from rsir.archives.archive_table import label_matrix, label_names
from rsir.archives.split_warnings import labels_without_images
from rsir.audit.finding import Finding, count, listed, severity_of_share, share, single_cases
from rsir.audit.thresholds import APPLIES, FEW, MANY_LABELS, TOGETHER_IMAGES
from rsir.core.errors import InputError
from rsir.metrics.arrays import Bools, Ints, Scenes


def absent_labels(archive: pd.DataFrame, subset: Scenes) -> Iterator[Finding]:
    """Yield labels on no image, on no training image, and on no test image.

    Parameters
    ----------
    archive
        The archive's table, N images.
    subset
        (N,) `train`, `validation` or `test`.
    """
    names = label_names(archive)
    nowhere = labels_without_images(archive, np.ones(len(archive), bool))
    if nowhere:
        yield Finding(
            kind="labels on no image",
            severity="note",
            what=f"{count(len(nowhere), 'label')} of {len(names)} on no image: {listed(nowhere)}.",
            why="Each adds an output that never learns anything, and an empty row to the tables.",
            advice="Leave these columns out of the label table, or add images that have them.",
        )
    consequences = {
        "train": ("training", "No fine-tuning learns them, but queries have them."),
        "test": ("test", "No query has them, so that no score says how well they are retrieved."),
    }
    for part, (word, why) in consequences.items():
        missing = [
            name for name in labels_without_images(archive, subset == part) if name not in nowhere
        ]
        if missing:
            rows = np.flatnonzero(archive[missing].to_numpy(bool).any(axis=1))
            yield Finding(
                kind=f"labels on no {word} image",
                severity="warning",
                what=f"{count(len(missing), 'label')} of {len(names)} on no {word} image: "
                f"{listed(missing)}.",
                why=why,
                advice="Split by labels (split.method: iterative), add images, or leave the labels "
                "out.",
                cases=single_cases(rows, label_lists(archive, rows, missing)),
            )


def rare_labels(archive: pd.DataFrame, subset: Scenes, minimum: int) -> Iterator[Finding]:
    """Yield labels on fewer training or test images than a minimum, but on some of both."""
    labels, names = label_matrix(archive), label_names(archive)
    counts = {part: labels[subset == part].sum(axis=0) for part in ("train", "test")}
    rare = {
        name: ", ".join(f"{counts[part][column]} {part}" for part in counts)
        for column, name in enumerate(names)
        if 0 < min(numbers[column] for numbers in counts.values()) < minimum
    }
    if not rare:
        return
    rows = np.flatnonzero(archive[list(rare)].to_numpy(bool).any(axis=1))
    texts = [f"{name!r} ({numbers})" for name, numbers in rare.items()]
    more = f" and {len(texts) - 8} more" if len(texts) > 8 else ""
    yield Finding(
        kind="labels on few images",
        severity="note",
        what=f"{count(len(rare), 'label')} of {len(names)} on fewer than {minimum} training or "
        f"test images: {', '.join(texts[:8])}{more}.",
        why="Little can be learned from so few images, and each of them moves the scores of its "
        "label by much.",
        advice="Read the rows of these labels in by_label.csv with caution; add images or join "
        "labels. The limit is audit.minimum_positives.",
        cases=single_cases(rows, label_lists(archive, rows, list(rare))),
    )


def unlabelled_images(archive: pd.DataFrame) -> Iterator[Finding]:
    """Yield images without any label."""
    rows = np.flatnonzero(~label_matrix(archive).any(axis=1))
    if len(rows):
        yield Finding(
            kind="images without labels",
            severity=severity_of_share(len(rows), len(archive), FEW),
            what=f"{count(len(rows), 'image')} ({share(len(rows), len(archive))}) without any "
            "label.",
            why="Such an image shares no label with any other: as a query it finds nothing "
            "relevant, as a hit it counts as wrong.",
            advice="Label these images, or remove them.",
            cases=single_cases(rows),
        )


def crowded_images(archive: pd.DataFrame) -> Iterator[Finding]:
    """Yield images with very many labels for the archive, the most first."""
    numbers = label_matrix(archive).sum(axis=1)
    median = float(np.median(numbers))
    limit = int(median + MANY_LABELS * np.sqrt(median))
    rows = np.flatnonzero(numbers > limit)
    if len(rows):
        rows = rows[np.argsort(-numbers[rows], kind="stable")]
        yield Finding(
            kind="images with very many labels",
            severity=severity_of_share(len(rows), len(archive), FEW),
            what=f"{count(len(rows), 'image')} ({share(len(rows), len(archive))}) with more than "
            f"{limit} labels, up to {numbers.max()}; the median is {median:g}.",
            why="An image with very many labels shares some with every other one. Whole rows of "
            "wrong labels look like this.",
            advice="Compare the labels with the pictures; get another copy of the label table, or "
            "remove the images.",
            cases=single_cases(rows, [f"{number} labels" for number in numbers[rows]]),
        )


def broken_exclusions(
    archive: pd.DataFrame, exclusive: Sequence[Sequence[str]]
) -> Iterator[Finding]:
    """Yield images with two labels of a group of which an image should have one.

    Images without any of them are yielded, too, if more than `APPLIES` of the archive have one.
    Groups of another archive's labels are skipped.

    Raises
    ------
    InputError
        If the archive has some labels of a group, but not all.
    """
    known = label_names(archive)
    for group in exclusive:
        unknown = [name for name in group if name not in known]
        if len(unknown) == len(group):
            continue
        if unknown:
            raise InputError(
                f"audit.exclusive: the archive has no label {unknown[0]!r}, but others of the same "
                "group; correct the name"
            )
        numbers = archive[list(group)].to_numpy(bool).sum(axis=1)
        rules = {
            f"two or more of {listed(group)}": numbers > 1,
            f"none of {listed(group)}": (numbers == 0) & ((numbers == 1).mean() > APPLIES),
        }
        for text, broken in rules.items():
            rows = np.flatnonzero(broken)
            if len(rows):
                yield Finding(
                    kind="exclusive labels",
                    severity=severity_of_share(len(rows), len(archive), FEW),
                    what=f"{count(len(rows), 'image')} ({share(len(rows), len(archive))}) with "
                    f"{text}.",
                    why="The configuration names these labels as exclusive (audit.exclusive): an "
                    "image has one of them.",
                    advice="Correct the labels of these images.",
                    cases=single_cases(rows, label_lists(archive, rows, list(group))),
                )


def twin_labels(archive: pd.DataFrame) -> Iterator[Finding]:
    """Yield groups of labels that are on the same images."""
    labels, names = label_matrix(archive), label_names(archive)
    columns: dict[bytes, list[int]] = {}
    for column in np.flatnonzero(labels.sum(axis=0) >= TOGETHER_IMAGES):
        columns.setdefault(np.packbits(labels[:, column]).tobytes(), []).append(int(column))
    groups = [group for group in columns.values() if len(group) > 1]
    if groups:
        text = "; ".join(
            f"{listed([names[column] for column in group])} on {_number(labels[:, group[0]])}"
            for group in groups
        )
        yield Finding(
            kind="labels that always come together",
            severity="note",
            what=f"{count(sum(map(len, groups)), 'label')} always with another one: {text}.",
            why="Each counts as a label of its own, so that what they name together counts more "
            "than once in every score.",
            advice="If they name one thing, keep one of them; else look for images that have one "
            "of them alone.",
            cases=tuple(
                case
                for group in groups
                for case in single_cases(np.flatnonzero(labels[:, group[0]]))
            ),
        )


def _number(flags: Bools) -> str:
    return count(int(flags.sum()), "image")


def label_lists(archive: pd.DataFrame, rows: Ints, names: list[str]) -> list[str]:
    """Return which of some labels each of the rows has."""
    flags = archive[names].to_numpy(bool)[rows]
    return [", ".join(names[column] for column in np.flatnonzero(row)) for row in flags]
