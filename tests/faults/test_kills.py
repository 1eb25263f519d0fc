"""A process that is killed at a random moment: the next run ends with the undisturbed tables.

`KILLS` in the environment says how often; `make test-faults` asks for many.
"""

import os
import random
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from whole_run import TARGETS, prepared, tables_of

from project import CORES, LIMIT_SECONDS, Project

KILLS = int(os.environ.get("KILLS", "3"))
VICTIMS = ("a job", "the main process", "all")


@pytest.mark.parametrize("number", range(KILLS))
def test_after_a_kill_the_next_run_makes_the_same_tables(
    number: int, undisturbed: tuple[Project, float], tmp_path: Path
) -> None:
    expected, seconds = undisturbed
    chance = random.Random(number)  # noqa: S311
    moment, victim = chance.uniform(0, seconds), VICTIMS[number % len(VICTIMS)]
    project = prepared(tmp_path / "project")
    killed, text = run_and_kill(project, moment, victim, chance)
    report = f"{victim} after {moment:.1f} of {seconds:.1f} s: {killed}\n{text}"
    print(report)  # noqa: T201
    visible = {path for path in project.made() if not hidden(path)}
    assert visible <= expected.made()

    if victim != "a job":
        assert project.run("--unlock").status == 0
    again = project.make(*TARGETS, "--rerun-incomplete")
    assert again.status == 0, again.text
    assert tables_of(project) == tables_of(expected)
    assert project.made() == expected.made()
    checked = project.check("mine")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def run_and_kill(
    project: Project, moment: float, victim: str, chance: random.Random
) -> tuple[list[str], str]:
    """Kill what runs at a moment; return what that was, and all that Snakemake printed.

    The jobs of a main process that alone is killed live on while the next run begins.
    """
    printed = project.path("printed.txt")
    with printed.open("w") as file:
        main = subprocess.Popen(
            project.command(*TARGETS, *CORES), cwd=project.folder, stdout=file, stderr=file
        )
        with suppress(subprocess.TimeoutExpired):
            main.wait(moment)
        whole = [psutil.Process(main.pid)] if main.poll() is None else []  # it may have ended
        jobs = [job for process in whole for job in process.children(recursive=True)]
        chosen = {
            "a job": chance.sample(jobs, min(1, len(jobs))),
            "the main process": whole,
            "all": [*whole, *jobs],
        }[victim]
        names = [kill(process) for process in chosen]
        main.wait(LIMIT_SECONDS)
    return names, printed.read_text()


def kill(process: psutil.Process) -> str:
    """Kill a process, and return the end of its command."""
    with suppress(psutil.NoSuchProcess):
        name = " ".join(process.cmdline())[-60:]
        process.send_signal(signal.SIGKILL)
        return name
    return "had ended"


def hidden(path: str) -> bool:
    return any(part.startswith(".") for part in Path(path).parts)
