"""Progress of a job in its log and on a terminal, each in its own process."""

import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

from project import SCRIPTS

JOB = """
from rsir.core.progress import counting, progress
from pathlib import Path
from rsir.core.job import reported
with reported(Path({log!r})):
    assert list(progress("abc", 3, "letters", "letter")) == ["a", "b", "c"]
    with counting(2_000_000, "bytes", "B", scaled=True) as advance:
        advance(1_500_000)
"""


def run(log: Path, terminal: int = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", JOB.format(log=str(log))],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        stdout=subprocess.PIPE,
        stderr=terminal,
        check=True,
    )


def test_the_log_has_count_rate_and_remaining_time_and_a_pipe_nothing(tmp_path):
    assert run(tmp_path / "log").stderr == b""
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[0].startswith("INFO: letters:   0%")
    assert re.fullmatch(r"INFO: letters: 100%.* 3/3 \[\S+<\S+, .*letter/s\]", lines[1])
    assert re.fullmatch(r"INFO: bytes: +75%.* 1\.50M/2\.00M \[\S+<\S+, .*B/s\]", lines[3])
    assert len(lines) == 4


def test_a_terminal_displays_a_bar_and_is_cleared(tmp_path):
    master, slave = pty.openpty()
    termios.tcsetwinsize(master, (24, 80))
    run(tmp_path / "log", terminal=slave)
    output = os.read(master, 1 << 16).decode()
    os.close(slave)
    os.close(master)
    assert "letters:" in output
    assert output.endswith("\r")
    assert "\n" not in output
