"""The findings of the audit as a page, with pictures of the images concerned."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rsir.archives.archive_table import label_matrix, label_names
from rsir.archives.thumbnails import read_thumbnails
from rsir.audit.finding import SEVERITIES, Case, Finding
from rsir.metrics.arrays import Scenes
from rsir.reports.html_page import rendered

MOST_CASES = 24
MOST_IN_CASE = 8
MOST_IMAGES = 1200
"""Limits of a page: cases of a finding, images of a case, and all images, 6 MB at most."""


@dataclass(frozen=True)
class Shown:
    """The cases of a finding that are on the page."""

    finding: Finding
    cases: tuple[Case, ...]

    @property
    def hidden(self) -> int:
        """The number of images concerned that are not on the page."""
        return self.finding.images - len({row for case in self.cases for row in case.rows})


def audit_page(
    template: Path,
    name: str,
    archive: pd.DataFrame,
    subset: Scenes,
    findings: Sequence[Finding],
    unchecked: Sequence[str],
    thumbnails: Path,
) -> str:
    """Return the page as self-contained HTML; each picture is in it once.

    Parameters
    ----------
    template
        Template of the page.
    name
        Name of the archive.
    archive
        The archive's table, N images.
    subset
        (N,) `train`, `validation` or `test`.
    findings
        From the worst.
    unchecked
        What could not be looked for, in sentences.
    thumbnails
        The file of the thumbnails.

    Raises
    ------
    InputError
        If the thumbnails cannot be read or belong to another archive.
    """
    shown = select_cases(findings)
    rows = sorted(
        {row for one in shown for case in one.cases for row in (*case.rows, *case.beside)}
    )
    images = archive["image"].to_numpy(str)
    jpegs = read_thumbnails(thumbnails, images, np.array(rows, int))
    labels, names = label_matrix(archive), label_names(archive)
    pictures: dict[int, dict[str, Any]] = {
        row: {
            "image": str(images[row]),
            "scene": str(archive["scene"].iloc[row]),
            "subset": str(subset[row]),
            "labels": [names[column] for column in np.flatnonzero(labels[row])],
            "jpeg": b64encode(jpeg).decode(),
        }
        for row, jpeg in zip(rows, jpegs, strict=True)
    }
    return rendered(
        template,
        archive=name,
        images=len(archive),
        labels=len(names),
        subsets=[(part, int((subset == part).sum())) for part in pd.unique(subset)],
        shown=shown,
        counts=[
            (severity, sum(finding.severity == severity for finding in findings))
            for severity in SEVERITIES
        ],
        unchecked=unchecked,
        pictures=pictures,
    )


def select_cases(findings: Sequence[Finding]) -> list[Shown]:
    """Select the first cases of each finding, and the first images of each case.

    A finding has fewer if the page would have more than `MOST_IMAGES` in all.
    """
    left, shown = MOST_IMAGES, []
    for finding in findings:
        cases = []
        for case in finding.cases[:MOST_CASES]:
            part = Case(case.rows[:MOST_IN_CASE], case.remark, case.beside[:MOST_IN_CASE])
            left -= len(part.rows) + len(part.beside)
            if left < 0:
                break
            cases.append(part)
        shown.append(Shown(finding, tuple(cases)))
    return shown
