"""The record of an archive's results: the inputs, outputs and settings of each job.

Each job writes a note into the folder of results; when Snakemake ends, all notes are merged into
one file. So jobs that run at the same time, even on several machines, never write to the same file.
"""

import json
import os
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256 as hashed
from pathlib import Path
from typing import Any

from rsir.core.errors import InputError
from rsir.core.files import sha256, written_whole
from rsir.core.origin import circumstances, versions
from rsir.core.remembered import remembered_sha256

FILE = "provenance.json"
_NOTES = ".provenance"

Digests = dict[str, str]  # path → SHA-256


@dataclass(frozen=True)
class Job:
    """The inputs, outputs and settings of a job.

    `circumstances` are those of `rsir.core.origin`; `config` is the merged configuration or, in
    the record, its digest; `config_files` are those of the command line.
    """

    rule: str
    inputs: Digests
    outputs: Digests
    parameters: dict[str, Any]
    config: Any
    circumstances: dict[str, str]
    versions: dict[str, str]
    config_files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Record:
    """Jobs by name, and the configurations that they ran with by digest."""

    configs: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)


def note_job(
    folder: Path,
    name: str,
    rule: str,
    inputs: Sequence[Path],
    outputs: Sequence[Path],
    parameters: Mapping[str, Any],
    config: Mapping[str, Any],
) -> None:
    """Write the note of a finished job.

    Parameters
    ----------
    folder : Path
        The archive's folder of results.
    name : str
        The name of the job; a later job of this name replaces it.
    """
    job = Job(
        rule,
        {str(path): digest(path, remembered_sha256) for path in inputs},
        {str(path): digest(path, remembered_sha256) for path in outputs},
        dict(parameters),
        dict(config),
        circumstances(),
        versions(),
        list(filter(None, os.getenv("RSIR_CONFIG_FILES", "").split(os.pathsep))),
    )
    with written_whole(folder / _NOTES / f"{name}.json") as partial:
        partial.write_text(json.dumps(asdict(job), default=str))


def gather(folder: Path) -> None:
    """Merge the notes in a folder of results into its record."""
    notes = _notes(folder)
    if notes:
        record = read_record(folder)
        with written_whole(folder / FILE) as partial:
            partial.write_text(json.dumps(asdict(record), indent=1, sort_keys=True) + "\n")
        for note in notes:  # not those that a job of a killed run may have added meanwhile
            note.unlink()
        if not _notes(folder):
            shutil.rmtree(folder / _NOTES)


def read_record(folder: Path) -> Record:
    """Read the record of a folder of results, with the notes that are not merged yet.

    Raises
    ------
    InputError
        If the record cannot be read.
    """
    file = folder / FILE
    record = Record()
    try:
        if file.exists():
            stored = json.loads(file.read_text())
            record.configs.update(stored["configs"])
            record.jobs.update({name: Job(**job) for name, job in stored["jobs"].items()})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{file}: is damaged; delete it and run again with --forceall") from error
    for note in _notes(folder):
        job = Job(**json.loads(note.read_text()))
        key = hashed(json.dumps(job.config, sort_keys=True).encode()).hexdigest()
        record.configs[key] = job.config
        name = note.relative_to(folder / _NOTES).with_suffix("").as_posix()
        record.jobs[name] = replace(job, config=key)
    for key in record.configs.keys() - {job.config for job in record.jobs.values()}:
        del record.configs[key]
    return record


def snakemake_command(target: Path, folder: Path) -> str:
    """Return the command that makes a result, with the config files of the last recorded job.

    Parameters
    ----------
    target : Path
        The result.
    folder : Path
        The archive's folder of results.
    """
    command = ["snakemake", "--cores", "all", str(target)]
    jobs = read_record(folder).jobs.values()
    if jobs:
        files = max(jobs, key=lambda job: job.circumstances["created"]).config_files
        command += ["--configfile", *files] if files else []
        return shlex.join(command)
    return f"{shlex.join(command)}, with the --configfile that defines {folder.name}, if one does"


def digest(path: Path, of_file: Callable[[Path], str] = sha256) -> str:
    """Return the SHA-256 digest of a file, or of the names and digests of a folder's files.

    `of_file` returns the digest of a file.
    """
    if path.is_file():
        return of_file(path)
    files = sorted(file for file in path.rglob("[!.]*") if file.is_file())
    listing = [[file.relative_to(path).as_posix(), of_file(file)] for file in files]
    return hashed(json.dumps(listing).encode()).hexdigest()


def _notes(folder: Path) -> list[Path]:
    return sorted((folder / _NOTES).rglob("[!.]*.json"))
