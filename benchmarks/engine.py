"""Run time of the workflow: the default run, a run with nothing to do, and one small job."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import Row, timed

ROOT = Path(__file__).parents[1]
CORES = ("--cores", "all")
DEFAULT = ("--configfile", str(Path(__file__).with_name("default-2026-11.yaml")))

PRINTED = 4000
"""Characters at the end of what a failed run has printed."""


def measure() -> Iterator[Row]:
    """Measure the default run, then the overhead of Snakemake without jobs and with a small job."""
    with project() as folder:
        for case, arguments in (
            ("dry run of the default", ("--dry-run",)),
            (
                "dry run of the thesis, five seeds",
                ("--dry-run", "--configfile", "config/ucmerced.yaml"),
            ),
            ("default run of 2026-11", DEFAULT),
            ("default run of 2026-11, nothing to do", DEFAULT),
            ("one small job", ("--forcerun", "split", "--", "results/sample/split.csv")),
        ):
            yield Row("engine", case, "here", seconds(folder, *CORES, *arguments))


@contextmanager
def project() -> Iterator[Path]:
    """Copy the files of the workflow to a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy2(ROOT / "Snakefile", folder)
        for part in ("config", "workflow", "envs"):
            shutil.copytree(ROOT / part, folder / part)
        yield folder


def run_snakemake(folder: Path, *arguments: str, **environment: str) -> None:
    """Run Snakemake; if it fails, raise an error with the end of what it prints."""
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if run.returncode:
        raise RuntimeError(run.stdout[-PRINTED:])


def seconds(folder: Path, *arguments: str) -> float:
    """Return the run time of Snakemake."""
    _, duration = timed(lambda: run_snakemake(folder, *arguments))
    return duration


def seconds_by_rule(folder: Path) -> dict[str, float]:
    """Return the total time of the jobs of each rule, start-up included, from Snakemake records."""
    records = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (folder / ".snakemake" / "metadata").iterdir()
    ]
    jobs = {tuple(record["log"]): record for record in records}  # one record per output
    durations: Counter[str] = Counter()
    for job in jobs.values():
        durations[job["rule"]] += job["endtime"] - job["starttime"]
    return dict(durations.most_common())
