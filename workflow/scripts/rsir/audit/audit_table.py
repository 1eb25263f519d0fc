"""The table of the findings, `audit.csv`: a row per finding and image concerned."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rsir.audit.finding import SEVERITIES, Finding, Severity, count_severities
from rsir.core.errors import InputError
from rsir.core.files import written_whole

COLUMNS = ("finding", "severity", "kind", "what", "case", "image", "remark")


def audit_table(findings: Sequence[Finding], images: Sequence[str]) -> pd.DataFrame:
    """Return a row per finding and image concerned, or one without an image.

    Findings and the cases of each are numbered from 1; a finding without images has the case 0.
    """
    rows = []
    for number, finding in enumerate(findings, 1):
        head = (number, finding.severity, finding.kind, finding.what)
        for place, case in enumerate(finding.cases, 1):
            rows += [(*head, place, images[row], case.remark) for row in case.rows]
        if not finding.cases:
            rows.append((*head, 0, "", ""))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def write_audit(path: Path, table: pd.DataFrame) -> None:
    """Write the table of the findings."""
    with written_whole(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def read_severities(path: Path) -> list[str]:
    """Read the severity of each finding.

    Raises
    ------
    InputError
        If the file is not a table of findings.
    """
    table = pd.read_csv(path, dtype=str, na_filter=False)
    if tuple(table.columns) != COLUMNS or not table["severity"].isin(SEVERITIES).all():
        raise InputError(f"{path}: is not a table of findings; delete it and run again")
    return list(table.drop_duplicates("finding")["severity"])


def check_severities(severities: Sequence[str], fail_on: Severity, page: str) -> str:
    """Return the numbers of findings in words.

    Raises
    ------
    InputError
        If there is a finding of this severity or a worse one.
    """
    text = count_severities(severities)
    if set(severities) & set(SEVERITIES[: SEVERITIES.index(fail_on) + 1]):
        raise InputError(
            f"{page}: {text}, and audit.fail_on is {fail_on!r}; read the page and mend the archive "
            "or the split, or leave audit.fail_on out"
        )
    return text
