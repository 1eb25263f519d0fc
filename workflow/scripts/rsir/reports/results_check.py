"""What of an archive's results is not any more what its record says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.core.errors import InputError
from rsir.core.files import sha256
from rsir.core.job_record import FILE, Job, Record, digest

ADHOC = "adhoc"
"""The folder of queries by the command line, of which there is no record."""

BAD = ("altered", "stale", "unknown")
"""What makes results not to be trusted; what is ``gone`` can be made again."""


@dataclass(frozen=True)
class Finding:
    """A file, what it is (``altered``, ``stale``, ``unknown``, ``gone``), and why."""

    path: str
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what:8} {self.path}: {self.why}"


def check(folder: Path, record: Record) -> list[Finding]:
    """Compare the files of an archive's results with the record of their making.

    A file is ``altered`` if it is not what its job made, or not the image that it was; ``stale`` if
    what it was made from (code and the user's own files, too) is another now, or is itself altered
    or stale; ``unknown`` if no job made it; ``gone`` if it is not there. What the record names and
    is not there, such as the code where the results alone were copied, is not compared.

    Parameters
    ----------
    folder : Path
        The archive's results, from the folder that Snakemake ran in, as all paths of the record.

    Raises
    ------
    InputError
        If there is no record.
    """
    if not record.jobs:
        raise InputError(f"{folder / FILE}: there is no record; run snakemake for this archive")
    found = _Comparison(record).findings()
    return [*found, *_unknown(folder, record), *_images(folder, record)]


def as_text(folder: Path, record: Record, findings: list[Finding]) -> str:
    """Return what was found, a line each, and a line of what made the rest."""
    codes = Counter(job.circumstances["code"] for job in record.jobs.values())
    by_code = ", ".join(f"{code} ({count} jobs)" for code, count in codes.most_common())
    files = sum(len(job.outputs) for job in record.jobs.values())
    bad = sum(finding.what in BAD for finding in findings)
    verdict = f"{bad} not to be trusted" if bad else "all as they were made"
    last = f"{folder}: {files} files, {verdict}; version of the code: {by_code}"
    return "\n".join([*map(str, findings), last])


class _Comparison:
    """Files as they are and as they were; each is looked at once."""

    def __init__(self, record: Record) -> None:
        self._makers = {path: job for job in record.jobs.values() for path in job.outputs}
        self._digests: dict[str, str | None] = {}
        self._reasons: dict[str, str | None] = {}

    def findings(self) -> Iterator[Finding]:
        for path, job in sorted(self._makers.items()):
            if self._digest(path) is None:
                yield Finding(path, "gone", f"{job.rule} made it")
            elif self._altered(path):
                yield Finding(path, "altered", f"is not what {job.rule} made")
            elif reason := self._reason(path):
                yield Finding(path, "stale", reason)

    def _digest(self, path: str) -> str | None:
        """Return the present digest of a file; None if it is not there."""
        if path not in self._digests:
            self._digests[path] = digest(Path(path)) if Path(path).exists() else None
        return self._digests[path]

    def _altered(self, path: str) -> bool:
        made = self._makers[path].outputs[path] if path in self._makers else None
        return made is not None and self._digest(path) not in (None, made)

    def _reason(self, path: str) -> str | None:
        """Return why a file is stale, if it is."""
        if path not in self._reasons:
            maker = self._makers.get(path)
            self._reasons[path] = next(self._reasons_of(maker), None) if maker else None
        return self._reasons[path]

    def _reasons_of(self, job: Job) -> Iterator[str]:
        for path, before in job.inputs.items():
            if self._digest(path) not in (None, before):
                yield f"{path} has changed since"
            elif self._altered(path) or self._reason(path):
                yield f"{path} is {'altered' if self._altered(path) else 'stale'}"


def _unknown(folder: Path, record: Record) -> Iterator[Finding]:
    made = {Path(path) for job in record.jobs.values() for path in job.outputs}
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in inside)
        told = inside[0] in (FILE, ADHOC) or not made.isdisjoint({file, *file.parents})
        if file.is_file() and not hidden and not told:
            yield Finding(str(file), "unknown", "no recorded job made it")


def _images(folder: Path, record: Record) -> Iterator[Finding]:
    job, table = record.jobs.get("archive"), folder / "archive.csv"
    if job is None or not table.exists():
        return
    try:
        rows = read_archive(table)
    except InputError:
        return  # it is altered, as was told
    for path, before in zip(rows["path"], rows["sha256"], strict=True):
        image = Path(job.parameters["root"], path)
        if image.exists() and sha256(image) != before:
            yield Finding(str(image), "altered", "is not the image that archive read")
