"""Tables of archives that are made up, label by label."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rsir.archives.archive_table import FIXED_COLUMNS
from rsir.audit.finding import Finding

SUBSETS = {"t": "train", "v": "validation", "q": "test"}


def archive_of(
    labels: Mapping[str, str],
    scenes: Sequence[str] | None = None,
    digests: str | None = None,
) -> pd.DataFrame:
    """Return an archive of the images i0, i1, …; a label is a 0 or 1 for each of them."""
    images = [f"i{number}" for number in range(len(next(iter(labels.values()))))]
    table = pd.DataFrame(dict.fromkeys(FIXED_COLUMNS, images) | {"width": 64, "height": 64})
    table["scene"] = scenes or ""
    table["sha256"] = list(digests or images)
    return table.assign(**{name: [int(one) for one in flags] for name, flags in labels.items()})


def subsets(letters: str) -> np.ndarray:
    """Return a subset from a letter per image."""
    return np.array([SUBSETS[letter] for letter in letters])


def rows_of(finding: Finding) -> list[tuple[int, ...]]:
    return [case.rows for case in finding.cases]


def remarks_of(finding: Finding) -> list[str]:
    return [case.remark for case in finding.cases]
