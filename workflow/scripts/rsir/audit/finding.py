"""A finding of the audit, with the images that it concerns."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Severity = Literal["severe", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the worst: `severe` makes scores wrong, `warning` may, `note` is to be looked at."""


@dataclass(frozen=True)
class Case:
    """Images that a finding concerns together: one, or a group.

    Attributes
    ----------
    rows
        Rows of the archive.
    remark
        What is said of them.
    beside
        Rows of images that they are compared with, and that the finding does not concern.
    """

    rows: tuple[int, ...]
    remark: str = ""
    beside: tuple[int, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something doubtful about an archive.

    Attributes
    ----------
    kind
        A short name, such as `images without labels`.
    severity
        One of `SEVERITIES`.
    what
        What is found, in one sentence with its numbers.
    why
        Why it matters.
    advice
        What to do about it.
    cases
        The images, those to look at first at the front; none where no image is concerned.
    """

    kind: str
    severity: Severity
    what: str
    why: str
    advice: str
    cases: tuple[Case, ...] = ()

    @property
    def images(self) -> int:
        """The number of images concerned."""
        return len({row for case in self.cases for row in case.rows})


def single_cases(rows: Iterable[int], remarks: Iterable[str] | None = None) -> tuple[Case, ...]:
    """Return a case for each row, with its remark if there are any."""
    numbers = [int(row) for row in rows]
    texts = [""] * len(numbers) if remarks is None else list(remarks)
    return tuple(Case((row,), text) for row, text in zip(numbers, texts, strict=True))


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings from the worst, else in their order."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def count_severities(severities: Iterable[str]) -> str:
    """Return the numbers of findings in words, such as `1 severe, 2 warnings, 1 note`."""
    counts = Counter(severities)
    words = {"severe": ("severe", "severe"), "warning": ("warning", "warnings")}
    words["note"] = ("note", "notes")
    parts = [
        f"{counts[severity]} {words[severity][counts[severity] != 1]}"
        for severity in SEVERITIES
        if counts[severity]
    ]
    return ", ".join(parts) or "no findings"


def share(images: int, total: int) -> str:
    """Return a share in percent, such as `3 %`, or `0.2 %` below one percent."""
    percent = 100 * images / max(1, total)
    return f"{percent:.0f} %" if percent >= 1 or images == 0 else f"{percent:.1g} %"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, such as `1 image` or `1,204 images`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def severity_of_share(images: int, total: int, limit: float) -> Severity:
    """Return `warning` for more than a share of the images, else `note`."""
    return "warning" if images > limit * total else "note"


def listed(names: Sequence[str], most: int = 8) -> str:
    """Return the first names, quoted, and how many more there are."""
    text = ", ".join(repr(str(name)) for name in names[:most])
    return f"{text} and {len(names) - most:,} more" if len(names) > most else text
