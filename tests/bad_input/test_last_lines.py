"""What stands at the end of a run: the errors of its jobs, or their warnings."""

import os
import re
import signal
import time

import psutil
import pytest
from own_archive import LABELS

from project import Project

SPLIT = "results/mine/split.csv"


def last_lines(text: str, count: int = 1) -> list[str]:
    return text.rstrip().splitlines()[-count:]


@pytest.mark.parametrize("options", [(), ("--logger", "rich"), ("--quiet", "all")], ids=str)
def test_a_failed_run_ends_with_the_errors_of_its_jobs(
    mine: Project, options: tuple[str, ...]
) -> None:
    mine.path("mine.csv").write_text(LABELS.replace("farm3", "lake3"))
    outcome = mine.run("--cores", "1", SPLIT, *options)
    assert outcome.status != 0
    (line,) = last_lines(outcome.text)
    assert line.startswith("Error: mine.csv: ")
    assert "'lake3'" in line


def test_each_failed_job_has_its_line(mine: Project) -> None:
    mine.configure({"archives": {"sample": {"images_per_scene": 1}}})
    mine.configure({"archives": {"other": {"kind": "table", "root": "mine", "labels": "b.csv"}}})
    mine.path("mine.csv").write_text(LABELS.replace("port,1,0", "port,2,0"))
    mine.path("b.csv").write_text("image\n")
    targets = (SPLIT, "results/other/split.csv", "results/sample/split.csv")
    outcome = mine.run("--cores", "1", "--keep-going", *targets)
    assert outcome.status != 0
    lines = last_lines(outcome.text, 4)
    assert [line.split(": ")[:2] for line in lines[1:]] == [
        ["Error", "b.csv"],
        ["Error", "mine.csv"],
        ["Error", "split"],
    ]
    assert not lines[0].startswith("Error")


def test_an_unexpected_error_is_reported_with_its_log(mine: Project) -> None:
    mine.path("workflow/scripts/split.py").write_text(
        "from rsir.core.job import job\n\nwith job(snakemake):\n    1 / 0\n"
    )
    outcome = mine.run("--cores", "1", SPLIT)
    assert outcome.status != 0
    (line,) = last_lines(outcome.text)
    assert line.startswith("Error: unexpected error")
    assert "logs/mine/split.log" in line
    assert "ZeroDivisionError" in mine.path("logs/mine/split.log").read_text()


def test_a_killed_job_is_named_at_the_end(mine: Project) -> None:
    mine.path("workflow/scripts/split.py").write_text(
        "from pathlib import Path\nimport time\n\nPath('started').touch()\ntime.sleep(600)\n"
    )
    process = mine.start("--cores", "1", SPLIT)
    while process.poll() is None and not mine.path("started").exists():
        time.sleep(0.05)
    for job in psutil.Process(process.pid).children(recursive=True):
        if job.name().startswith("python"):
            os.kill(job.pid, signal.SIGKILL)
    outcome = mine.finish(process)
    assert outcome.status != 0
    (line,) = last_lines(outcome.text)
    assert line.startswith(f"Error: {SPLIT}: its job was ended from outside")


def test_a_cutoff_that_retrieves_the_whole_database_is_warned_of(mine: Project) -> None:
    mine.configure({"split": {"test_fraction": 0.4}, "retrieval": {"cutoffs": [2, 3]}})
    outcome = mine.run("--cores", "1", "results/mine/scores/bounds.csv")
    assert outcome.status == 0, outcome.text
    warnings = re.findall("^Warning: (.*)$", outcome.text, re.MULTILINE)
    assert len(warnings) == 1
    assert warnings[0].startswith("retrieval.cutoffs: 3 retrieves all of the 3 images")


def test_warnings_stand_in_the_log_and_at_the_end_of_the_run(mine: Project) -> None:
    copy = mine.path("mine/farm0.png").read_bytes()
    mine.path("mine/farm4.png").write_bytes(copy)
    header, *rows = LABELS.splitlines()
    rows = [f"{row},{int(row.startswith('farm4'))}" for row in rows]
    mine.path("mine.csv").write_text("\n".join([f"{header},rare", *rows, ""]))
    outcome = mine.run("--cores", "1", SPLIT)
    assert outcome.status == 0, outcome.text
    warnings = [
        line.removeprefix("Warning: ")
        for line in last_lines(outcome.text, 4)
        if line.startswith("Warning: ")
    ]
    assert len(warnings) == 2
    assert "1 of 3 labels are on no training image" in warnings[0]
    assert "2 images are byte-identical to one of another subset" in warnings[1]
    log = mine.path("logs/mine/split.log").read_text()
    for warning in warnings:
        assert f"WARNING: {warning.removesuffix(' (logs/mine/split.log)')}" in log
    assert "Warning: " not in mine.run("--cores", "1", SPLIT).text
