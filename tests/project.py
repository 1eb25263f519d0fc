"""A copy of the project, where Snakemake is run as a user runs it."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from forks import FORKS, LIMIT_SECONDS

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
SHARED = ROOT.parent / "shared"
PARTS = ("Snakefile", "config", "workflow", "envs")

RECORD = "provenance.json"

# A job is mostly imports: two jobs of one thread at a time are fastest on two cores.
ONE_THREAD = (
    *("activations", "extract", "extract_shard"),
    *("visual_words", "describe", "describe_shard"),
    *("finetune", "reextract", "reextract_shard"),
    *("retrieve", "audit"),
)
CORES = ("--cores", "2", "--set-threads", *(f"{rule}=1" for rule in ONE_THREAD))

# Tests share processors: threads that wait must yield.
PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE"}

SMALL: dict[str, Any] = {
    "archives": {"sample": {"images_per_scene": 5}},
    "split": {"test_fraction": 0.4, "validation_fraction": 0.2},
    "finetuning": {"head": {"epochs": 3}, "tail": {"epochs": 1}},
    "retrieval": {"cutoffs": [5, 10]},
}
"""What makes the default run small: 105 images, of which 42 test, and few epochs."""


@dataclass(frozen=True)
class Outcome:
    """The exit status and the output of a run of Snakemake."""

    status: int
    text: str

    @property
    def jobs(self) -> dict[str, int]:
        """Return the number of jobs of each rule, from the table of the run."""
        table = re.search(r"^Job stats:\n.*\n-.*\n((?:.+\n)+)", self.text, re.M)
        if table is None:
            return {}
        rows = (line.split() for line in table[1].splitlines())
        return {rule: int(count) for rule, count in rows if rule != "total"}

    @property
    def outputs(self) -> Counter[str]:
        """Return the outputs of the listed jobs, each with its number of occurrences."""
        lines = re.findall(r"^    output: (.*)$", self.text, re.M)
        return Counter(path for paths in lines for path in paths.split(", "))

    @property
    def seconds(self) -> float:
        """Return how long the run took."""
        hours, minutes, seconds = re.findall(
            r"^Elapsed time: (\d+):(\d+):([\d.]+)", self.text, re.M
        )[0]
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)

    @property
    def errors(self) -> list[str]:
        """Return the lines that a job reports as its errors."""
        return re.findall(r"^ERROR: (.*)$", self.text, re.M)


@dataclass(frozen=True)
class Project:
    """A copy of the project."""

    folder: Path

    @classmethod
    def copied_to(cls, folder: Path) -> "Project":
        """Copy the files of the project, without results, to a new folder."""
        folder.mkdir(parents=True)
        for part in PARTS:
            source, target = ROOT / part, folder / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)
        return cls(folder)

    def clone(self, folder: Path) -> "Project":
        """Copy this project with its results and the engine's records, time stamps kept."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

    def configure(self, config: dict[str, Any]) -> "Project":
        """Add a config file, which overrides those before it."""
        file = self.folder / "config" / f"own-{len(self._own_configs())}.yaml"
        file.write_text(yaml.safe_dump(config, sort_keys=False))
        return self

    def divide(self, shards: int) -> "Project":
        """Extract in shards, which hold as few images as whole batches allow on a CPU."""
        module = self.path("workflow/scripts/rsir/descriptors/shards.py")
        code = module.read_text(encoding="utf-8")
        assert "SHARD_ROWS = 128\n" in code
        module.write_text(code.replace("SHARD_ROWS = 128\n", "SHARD_ROWS = 16\n"), encoding="utf-8")
        return self.configure({"extraction": {"shards": shards}})

    def _own_configs(self) -> list[str]:
        return sorted(f"config/{file.name}" for file in self.path("config").glob("own-*.yaml"))

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> Outcome:
        """Run Snakemake with all config files, and its jobs, in forks of one server."""
        forks = {"RSIR_FORKED_PYTHON": FORKS.python}
        done = FORKS.run(
            ROOT / "tests" / "run_snakemake.py",
            self.command(*arguments)[3:],
            folder=self.folder,
            environment={**os.environ, **PASSIVE, **forks, **(environment or {})},
            merged=True,
        )
        return Outcome(done.returncode, done.stdout)

    def start(
        self, *arguments: str, environment: dict[str, str] | None = None, forked: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start Snakemake as a user does, or as a fork, and its jobs too; `finish` waits."""
        forks = {"RSIR_FORKED_PYTHON": FORKS.python} if forked else {}
        python, *command = self.command(*arguments)
        with self._printed.open("w") as file:
            return subprocess.Popen(
                [FORKS.python if forked else python, *command],
                cwd=self.folder,
                env={**os.environ, **PASSIVE, **forks, **(environment or {})},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def finish(self, process: subprocess.Popen[bytes]) -> Outcome:
        """Wait for the end of what was started; kill it, and fail, when that takes too long."""
        try:
            status = process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise TimeoutError(f"killed after {LIMIT_SECONDS} s: {self.printed()}") from None
        return Outcome(status, self.printed())

    def printed(self) -> str:
        """Return what was printed until now by what was started."""
        return self._printed.read_text(encoding="utf-8")

    @property
    def _printed(self) -> Path:
        return self.path("printed.txt")

    def command(self, *arguments: str) -> list[str]:
        """Return what runs Snakemake with the config files that were given."""
        configs = self._own_configs()
        options = ["--configfile", *configs] if configs else []
        return [sys.executable, "-m", "snakemake", *arguments, *options]

    def check(self, archive: str) -> subprocess.CompletedProcess[str]:
        """Compare the results with their provenance record."""
        return FORKS.run(
            ROOT / "tests" / "run_rsir.py",
            ("check", archive),
            folder=self.folder,
            environment={**os.environ, "PYTHONPATH": str(self.path("workflow/scripts"))},
        )

    def make(self, *targets: str, environment: dict[str, str] | None = None) -> Outcome:
        """Make targets, or the whole run."""
        return self.run(*targets, *CORES, environment=environment)

    def plan(self, *targets: str) -> Outcome:
        """Plan the jobs of targets, or of the whole run, in a dry run."""
        return self.run(*targets, "--dry-run", *CORES)

    def path(self, *parts: str) -> Path:
        """Return a path below the project."""
        return self.folder.joinpath(*parts)

    def made(self) -> set[str]:
        """Return the files below `results` but time stamps, the record and what is remembered."""
        files = (path for path in self.path("results").rglob("*") if path.is_file())
        paths = {path.relative_to(self.folder).as_posix() for path in files}
        others = (".snakemake_timestamp", RECORD)
        return {
            path
            for path in paths
            if Path(path).name not in others and not path.startswith("results/.cache/")
        }
