"""Findings on duplicates: across the split, between queries and database, with other labels."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rsir.archives.archive_table import label_matrix
from rsir.archives.duplicates_table import duplicate_pairs
from rsir.audit.finding import Case, Finding, Severity, count, share
from rsir.audit.thresholds import FEW, LARGE_GROUP, LARGE_GROUP_IMAGES
from rsir.metrics.arrays import Bools, Ints, Scenes


def identical_files(archive: pd.DataFrame) -> pd.DataFrame:
    """Return the duplicates that digests alone tell, with the columns of `duplicates.csv`."""
    table = archive[["image", "sha256"]]
    first = table.groupby("sha256")["image"].transform("first")
    copies = table[first != table["image"]]
    group = pd.factorize(copies["sha256"])[0] + 1
    return pd.DataFrame(
        {
            "group": group,
            "image": first[copies.index].to_numpy(),
            "duplicate": copies["image"].to_numpy(),
            "kind": "identical",
        }
    )


def duplicate_findings(
    archive: pd.DataFrame, subset: Scenes, database: str, duplicates: pd.DataFrame
) -> Iterator[Finding]:
    """Yield duplicates by what they do to scores, the worst first; each pair once.

    Parameters
    ----------
    archive
        The archive's table, N images.
    subset
        (N,) `train`, `validation` or `test`.
    database
        The images that the test images search: `test`, `train` or `all`.
    duplicates
        The columns `group`, `image`, `duplicate` and `kind`, a row per pair.
    """
    if duplicates.empty:
        return
    pairs = duplicate_pairs(duplicates, list(archive["image"]))
    is_test = subset[pairs] == "test"
    across = is_test.any(axis=1) & ~is_test.all(axis=1)
    among_queries = is_test.all(axis=1) & (database != "train")
    groups = duplicates["group"].to_numpy()
    kinds = duplicates["kind"].to_numpy(str)
    tests = int((subset == "test").sum())
    for kind, chosen, what, why, advice in (
        (
            "duplicates across the split",
            across,
            "have a duplicate among the images that are not for test",
            "A network that was trained on an image has seen its duplicate: its score on it says "
            "nothing about images that it has not seen.",
            "Keep duplicates on one side of the split (split.group_duplicates: true), or remove "
            "all but one.",
        ),
        (
            "duplicates between queries and database",
            among_queries,
            "have a duplicate in the database that they search",
            "A duplicate is found first by any descriptor. It lifts all scores, and most those "
            "that look at pixels rather than at what is on them.",
            "Report the scores without duplicates (`removed` in the tables), or remove all but one "
            "of each group.",
        ),
    ):
        affected = np.unique(pairs[chosen][is_test[chosen]])
        if len(affected):
            yield Finding(
                kind=kind,
                severity=_severity(len(affected), tests),
                what=f"{len(affected):,} of {count(tests, 'test image')} "
                f"({share(len(affected), tests)}) {what}.",
                why=why,
                advice=advice,
                cases=group_cases(pairs, groups, kinds, chosen),
            )
    rest = ~(across | among_queries)
    if rest.any():
        yield Finding(
            kind="other duplicates",
            severity="note",
            what=f"{count(int(rest.sum()), 'pair')} of duplicates within the same subset, where "
            "no query finds the other one.",
            why="Each counts twice, in a training or in a database.",
            advice="Remove all but one of each group, unless they are meant to count twice.",
            cases=group_cases(pairs, groups, kinds, rest),
        )
    yield from _other_labels(archive, pairs, groups, kinds)
    yield from _large_groups(len(archive), pairs, groups, kinds)


def group_cases(pairs: Ints, groups: Ints, kinds: Scenes, chosen: Bools) -> tuple[Case, ...]:
    """Return a case for each group of the chosen pairs (P,), with the images of these pairs."""
    table = pd.DataFrame({"group": groups[chosen], "pair": np.flatnonzero(chosen)})
    return tuple(
        Case(
            tuple(np.unique(pairs[of_group["pair"]]).tolist()),
            ", ".join(sorted(set(kinds[of_group["pair"]]))),
        )
        for _, of_group in table.groupby("group", sort=True)
    )


def _other_labels(
    archive: pd.DataFrame, pairs: Ints, groups: Ints, kinds: Scenes
) -> Iterator[Finding]:
    """Yield duplicates whose labels differ; crops that overlap show other things."""
    labels = label_matrix(archive)
    differ = (labels[pairs[:, 0]] != labels[pairs[:, 1]]).any(axis=1) & (kinds != "overlap")
    if differ.any():
        yield Finding(
            kind="duplicates with other labels",
            severity="warning",
            what=f"{count(int(differ.sum()), 'pair')} of duplicates whose labels differ.",
            why="At least one of the two is labelled wrongly, or the labels are not of what is "
            "in the picture.",
            advice="Correct the labels of these images.",
            cases=group_cases(pairs, groups, kinds, differ),
        )


def _large_groups(images: int, pairs: Ints, groups: Ints, kinds: Scenes) -> Iterator[Finding]:
    """Yield groups that hold a large part of the archive."""
    members = pd.DataFrame({"group": groups.repeat(2), "row": pairs.ravel()}).drop_duplicates()
    sizes = members["group"].value_counts()
    large = sizes[sizes > max(LARGE_GROUP_IMAGES, LARGE_GROUP * images)]
    if len(large):
        biggest = int(large.max())
        yield Finding(
            kind="large groups of duplicates",
            severity="warning",
            what=f"{count(len(large), 'group')} of duplicates with more than "
            f"{LARGE_GROUP:.0%} of the archive, up to {count(biggest, 'image')} "
            f"({share(biggest, images)}).",
            why="Chains of overlapping images join what is not alike. Kept on one side of a "
            "split, such a group makes its shares uneven.",
            advice="Split by place (split.method: blocks) or by a column such as the flight "
            "(split.groups), or thin the images out.",
            cases=group_cases(pairs, groups, kinds, np.isin(groups, large.index)),
        )


def _severity(affected: int, tests: int) -> Severity:
    return "severe" if affected > FEW * tests else "warning"
