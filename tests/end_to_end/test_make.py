"""The commands of the README: what `make` prints before, during and after a run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from project import ROOT, Project

MAKE_FILES = ("Makefile", "requirements.txt")


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make on a copy of the project, outside of any other make."""
    for name in MAKE_FILES:
        if not (folder / name).exists():
            shutil.copy2(ROOT / name, folder)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={**inherited, "OMP_WAIT_POLICY": "PASSIVE", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_second_run_prints_the_table_again(finished: Project) -> None:
    installed = finished.path(".venv/installed")
    installed.parent.mkdir()
    for name in MAKE_FILES:
        shutil.copy2(ROOT / name, finished.folder)
    installed.touch()
    own_bin = Path(sys.executable).parent
    run = make(finished.folder, "run", f"BIN={own_bin}", "CONFIG=config/own-0.yaml")
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].startswith("Running config/own-0.yaml on all cores")
    assert "Nothing to be done" in run.stdout + run.stderr
    assert run.stdout.count("accuracy [95 %]") == 1
    assert "Table:    results/sample/tables/comparison.csv" in lines
    assert any(line.startswith("Report:   file://") for line in lines)

    finished.path("results/sample/tables/summary.md").unlink()
    again = make(finished.folder, "run", f"BIN={own_bin}", "CONFIG=config/own-0.yaml")
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("accuracy [95 %]") == 1


def test_the_default_run_states_what_it_does(project: Project) -> None:
    """Without the programs that it would call, make ends after the first lines."""
    (project.folder / ".venv").mkdir()
    for name in MAKE_FILES:
        shutil.copy2(ROOT / name, project.folder)
    project.path(".venv/installed").touch()
    run = make(project.folder, "run")
    assert run.returncode != 0
    assert "420 synthetic tiles" in run.stdout
    assert "52 jobs,\nabout 2 minutes on 2 cores." in run.stdout


def test_an_installation_that_fails_prints_the_end_of_its_log(project: Project) -> None:
    project.path("requirements.txt").write_text("no-such-package==1\n")
    installing = make(
        project.folder, ".venv/installed", f"PYTHON={sys.executable}", PIP_NO_INDEX="1"
    )
    assert installing.returncode != 0
    first, *rest = installing.stdout.splitlines()
    assert first.startswith("Installing the pinned packages into .venv")
    assert any("No matching distribution found for no-such-package==1" in line for line in rest)
    assert len(rest) <= 20
    assert "no-such-package" in project.path("logs/install.log").read_text(encoding="utf-8")
    assert not project.path(".venv/installed").exists()
