"""Images whose labels contradict those of the images that look most like them."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from rsir.archives.archive_table import label_matrix, label_names
from rsir.audit.finding import Case, Finding, count
from rsir.audit.thresholds import CONTRADICTION, MOST_CONTRADICTIONS
from rsir.metrics.arrays import Bools, Floats, Ints, ratio

_SHOWN = 3  # neighbours beside an image


def contradicted_labels(
    archive: pd.DataFrame, neighbours: Ints, similarity: Floats
) -> Iterator[Finding]:
    """Yield the images whose neighbours agree with each other on labels, but not with them.

    Only images that look at least as much like their farthest neighbour as the median image does
    are considered: those of nearly the same look.

    Parameters
    ----------
    archive
        The archive's table, N images.
    neighbours
        (N, k) rows of the archive, the most similar first, without the image itself.
    similarity
        (N, k) cosine similarities.
    """
    labels, names = label_matrix(archive), label_names(archive)
    excess = contradiction(labels, neighbours)
    alike = similarity[:, -1] >= np.median(similarity[:, -1])
    rows = np.flatnonzero(alike & (excess > CONTRADICTION))
    rows = rows[np.argsort(-excess[rows], kind="stable")]
    if len(rows):
        yield Finding(
            kind="labels that contradict images of the same look",
            severity="note",
            what=f"{count(len(rows), 'image')} with other labels than the "
            f"{neighbours.shape[1]} images of the most similar look, whose labels agree"
            + (
                f"; the first {MOST_CONTRADICTIONS} are listed."
                if len(rows) > MOST_CONTRADICTIONS
                else "."
            ),
            why="Some of them are labelled wrongly, others only look alike to a network that has "
            "never seen such images. This is a list to look through, not a verdict.",
            advice="Compare picture and labels with those of the neighbours beside it, from the "
            "strongest contradiction.",
            cases=tuple(
                Case((int(row),), _difference(labels, neighbours, int(row), names), beside)
                for row in rows[:MOST_CONTRADICTIONS]
                for beside in [tuple(neighbours[row, :_SHOWN].tolist())]
            ),
        )


def nearest(ranked: Ints, similarity: Floats) -> tuple[Ints, Floats]:
    """Return the k neighbours (N, k) of each image from its k + 1 best ranked images.

    The image itself is one of them, unless it has many copies; then the last one is left out.
    """
    is_own = ranked == np.arange(len(ranked))[:, None]
    is_own[~is_own.any(axis=1), -1] = True
    shape = len(ranked), ranked.shape[1] - 1
    return ranked[~is_own].reshape(shape), similarity[~is_own].reshape(shape)


def contradiction(labels: Bools, neighbours: Ints) -> Floats:
    """Return by how much neighbours agree more with each other than with their image, (N,).

    The agreement of two images is the Jaccard index of their labels, 1 if both have none.
    """
    sets = [labels[neighbours[:, place]] for place in range(neighbours.shape[1])]
    among = np.mean([jaccard(one, other) for one, other in combinations(sets, 2)], axis=0)
    with_image = np.mean([jaccard(labels, one) for one in sets], axis=0)
    return np.asarray(among - with_image)


def jaccard(one: Bools, other: Bools) -> Floats:
    """Return the Jaccard index of label sets (N, M) row by row, (N,); 1 for two empty ones."""
    return ratio((one & other).sum(axis=1), (one | other).sum(axis=1), 1.0)


def _difference(labels: Bools, neighbours: Ints, row: int, names: list[str]) -> str:
    """Return which labels an image has or lacks against most of its neighbours."""
    usual = labels[neighbours[row]].mean(axis=0) > 0.5
    lacks = [names[column] for column in np.flatnonzero(usual & ~labels[row])]
    has = [names[column] for column in np.flatnonzero(labels[row] & ~usual)]
    parts = [
        f"{word} {', '.join(these)}" for word, these in (("has", has), ("lacks", lacks)) if these
    ]
    return "; ".join(parts)
