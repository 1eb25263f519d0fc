"""The log and the terminal output of jobs, each in its own process, since logging is global."""

import os

import pytest

from forks import FORKS
from project import SCRIPTS


@pytest.fixture
def run(tmp_path):
    """Run statements as a job; return its exit status, its log and its terminal output."""

    def run_job(*statements: str) -> tuple[int, str, str]:
        log = tmp_path / "logs" / "job.log"
        script = "\n".join(
            [
                "import logging, warnings",
                "from rsir.core.errors import InputError",
                "from pathlib import Path",
                "from rsir.core.job import reported",
                f"with reported(Path({str(log)!r})):",
                *(f"    {statement}" for statement in statements),
                "print('finished')",
            ]
        )
        file = tmp_path / "job.py"
        file.write_text(script, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
        process = FORKS.run(file, (), folder=tmp_path, environment=environment)
        return process.returncode, log.read_text(), process.stdout + process.stderr

    return run_job


def test_messages_and_warnings_go_to_the_log_only(run):
    status, log, terminal = run("logging.info('%d images', 3)", "warnings.warn('odd')")
    assert status == 0
    assert log.startswith("INFO: 3 images\nWARNING: ")
    assert "UserWarning: odd" in log
    assert terminal == "finished\n"


def test_an_input_error_is_one_line_and_status_1(run):
    status, log, terminal = run("raise InputError('a.csv: no rows; add some')")
    assert status == 1
    assert log == terminal == "ERROR: a.csv: no rows; add some\n"


def test_any_other_error_keeps_its_traceback(run):
    status, log, terminal = run("1 / 0")
    assert status == 1
    assert log.startswith("ERROR: unexpected error; please report it")
    assert log.endswith("ZeroDivisionError: division by zero\n")
    assert "Traceback" in log
    assert "ZeroDivisionError" in terminal


def test_a_log_is_overwritten(run):
    run("logging.info('first')")
    _, log, _ = run("logging.info('second')")
    assert log == "INFO: second\n"


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        (
            "import torch; raise torch.AcceleratorError('CUDA error: lost\\nasynchronously')",
            "the GPU failed (CUDA error: lost); run again, on another GPU if it keeps failing",
        ),
        (
            "bytearray(1 << 60)",
            "out of memory; run fewer jobs at the same time, or request more memory",
        ),
        (
            "import torch; torch.empty(1 << 50)",
            "out of memory; run fewer jobs at the same time, or request more memory",
        ),
        (
            "import os, signal; from torch.utils.data import DataLoader; "
            "list(DataLoader(range(2), num_workers=1, "
            "collate_fn=lambda _: os.kill(os.getpid(), signal.SIGKILL)))",
            "a process that reads images was killed, probably for lack of memory; run again",
        ),
    ],
)
def test_a_failure_of_the_machine_is_reported_in_one_line(run, statement, line):
    status, log, _ = run(statement)
    assert status == 1
    assert log == f"ERROR: {line}\n"
