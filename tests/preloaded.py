"""Commands and jobs in forks of an interpreter that has imported their modules already.

Importing Snakemake or torch takes longer than most of what the tests run with them. A fork starts
with the modules loaded; its folder, environment, arguments, output and exit status are its own,
like those of `python -m` or `python FILE`. Only what a library reads from the environment while it
is imported is the same for all forks.
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent

LIMIT_SECONDS = 1200
"""After which a command is killed, so that no test waits for ever."""

# A process that has threads cannot be forked safely, and threads that wait must yield.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


class Preloaded:
    """Run commands in forks of a process that has imported `modules`.

    Processes that a command starts with `sys.executable` have that of `python`, if there is one.
    """

    def __init__(self, *modules: str, python: "Preloaded | None" = None) -> None:
        self._modules = modules
        self._python = python
        self._folder = tempfile.TemporaryDirectory(prefix="preloaded-")

    def run(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        merged: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m module`, with standard error apart from or merged into the output."""
        request = {
            "arguments": ["-m", module, *arguments],
            "folder": str(folder),
            "environment": dict(environment),
            "python": str(self._python.program) if self._python else sys.executable,
        }
        with tempfile.TemporaryDirectory() as temporary:
            outputs = [Path(temporary, "stdout"), Path(temporary, "stdout" if merged else "stderr")]
            with (
                Path(os.devnull).open() as nothing,
                outputs[0].open("a") as stdout_file,
                outputs[1].open("a") as stderr_file,  # may be the same, to which both append
            ):
                files = [file.fileno() for file in (nothing, stdout_file, stderr_file)]
                status = self._execute(request, files)
            stdout, stderr = (path.read_text(encoding="utf-8") for path in outputs)
        if status is None:
            raise TimeoutError(f"killed after {LIMIT_SECONDS} s: {stdout}")
        return subprocess.CompletedProcess([module, *arguments], status, stdout, stderr)

    @cached_property
    def program(self) -> Path:
        """Return a program that runs a Python file in a fork, as `sys.executable` would."""
        program = Path(self._folder.name, "python")
        command = [sys.executable, "-IS", str(FOLDER / "forked_python.py"), self._address]
        program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        program.chmod(0o700)
        return program

    @cached_property
    def _address(self) -> str:
        """Start the server, and return the address of its socket."""
        address = str(Path(self._folder.name, "socket"))
        self._server = subprocess.Popen(
            [sys.executable, FOLDER / "fork_server.py", address, *self._modules],
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._server.stdout is not None
        self._server.stdout.readline()
        return address

    def _execute(self, request: dict[str, Any], files: list[int]) -> int | None:
        """Return the exit status, or none for a command that was killed for its time."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._address)
            socket.send_fds(connection, [b"files"], files)
            connection.sendall(json.dumps(request).encode())
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(LIMIT_SECONDS)
            with connection.makefile() as answer:
                pid = int(answer.readline())
                try:
                    return int(answer.readline())
                except TimeoutError:
                    os.killpg(pid, signal.SIGKILL)
                    return None
