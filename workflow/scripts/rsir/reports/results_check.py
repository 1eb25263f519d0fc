"""Check the results of an archive against their provenance record."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.containers.opened import located
from rsir.archives.image_files import image_digest
from rsir.archives.image_parts import image_files
from rsir.core.errors import InputError
from rsir.core.job_record import FILE, Job, Record, digest

ADHOC = "adhoc"
"""The folder of queries from the command line, which are not recorded."""

BAD = ("altered", "stale", "unknown")
"""The states of files that invalidate results; a ``missing`` file can be recreated."""


@dataclass(frozen=True)
class Finding:
    """A file, its state (``altered``, ``stale``, ``unknown``, ``missing``), and the reason."""

    path: str
    state: str
    reason: str

    def __str__(self) -> str:
        return f"{self.state:8} {self.path}: {self.reason}"


def check(folder: Path, record: Record) -> list[Finding]:
    """Compare the results of an archive with their provenance record.

    A file is ``altered`` if its content differs from what its job wrote, or from the image that was
    read; ``stale`` if one of its inputs (code and the user's files included) has changed, or is
    itself altered or stale; ``unknown`` if no job wrote it; ``missing`` if it does not exist.
    Inputs that do not exist, such as the code in a copy of the results alone, are not compared.

    Parameters
    ----------
    folder : Path
        The results of the archive. Recorded paths below ``results`` are looked for in its parent
        folder, other relative paths beside that.

    Raises
    ------
    InputError
        If there is no record.
    """
    if not record.jobs:
        raise InputError(f"{folder / FILE}: there is no record; run snakemake for this archive")
    return [
        *_Comparison(record, folder).findings(),
        *_unknown(folder, record),
        *_images(folder, record),
    ]


def as_text(folder: Path, record: Record, findings: list[Finding]) -> str:
    """Return a line per finding, and a line that counts files and code versions."""
    codes = Counter(job.circumstances["code"] for job in record.jobs.values())
    by_code = ", ".join(f"{code} ({count} jobs)" for code, count in codes.most_common())
    files = sum(len(job.outputs) for job in record.jobs.values())
    bad = sum(finding.state in BAD for finding in findings)
    verdict = f"{bad} altered, stale or unknown" if bad else "all unchanged"
    last = f"{folder}: {files} files, {verdict}; code version: {by_code}"
    return "\n".join([*map(str, findings), last])


class _Comparison:
    """The comparison of files with their recorded digests; each file is read once."""

    def __init__(self, record: Record, folder: Path) -> None:
        self._folder = folder
        # The last job counts: a file is made by other rules once extraction is divided into shards.
        jobs = sorted(record.jobs.values(), key=lambda job: job.circumstances["created"])
        self._makers = {path: job for job in jobs for path in job.outputs}
        self._digests: dict[str, str | None] = {}
        self._reasons: dict[str, str | None] = {}

    def findings(self) -> Iterator[Finding]:
        for path, job in sorted(self._makers.items()):
            if self._digest(path) is None:
                yield Finding(path, "missing", f"output of {job.rule}")
            elif self._altered(path):
                yield Finding(path, "altered", f"differs from the output of {job.rule}")
            elif reason := self._reason(path):
                yield Finding(path, "stale", reason)

    def _digest(self, path: str) -> str | None:
        """Return the current digest of a file; None if it does not exist."""
        if path not in self._digests:
            file = _located(path, self._folder)
            self._digests[path] = digest(file) if file.exists() else None
        return self._digests[path]

    def _altered(self, path: str) -> bool:
        recorded = self._makers[path].outputs[path] if path in self._makers else None
        return recorded is not None and self._digest(path) not in (None, recorded)

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
    outputs = {_located(path, folder) for job in record.jobs.values() for path in job.outputs}
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in inside)
        expected = inside[0] in (FILE, ADHOC) or not outputs.isdisjoint({file, *file.parents})
        if file.is_file() and not hidden and not expected:
            yield Finding(str(file), "unknown", "not the output of a recorded job")


def _images(folder: Path, record: Record) -> Iterator[Finding]:
    job, table = record.jobs.get("archive"), folder / "archive.csv"
    if job is None or not table.exists():
        return
    try:
        rows = read_archive(table)
    except InputError:
        return  # reported as altered
    for path, before in zip(rows["path"], rows["sha256"], strict=True):
        root = located(_located(job.parameters["root"], folder))
        exists = all(file.exists() for file in image_files(root, path))
        if exists and image_digest(root, path) != before:
            finding = "differs from the image that archive read"
            yield Finding(str(root / path), "altered", finding)


def _located(path: str, folder: Path) -> Path:
    """Return where a recorded path is now."""
    first, *rest = Path(path).parts
    return folder.parent.joinpath(*rest) if first == "results" else folder.parents[1] / path
