"""Python files, Snakemake and its jobs in forks of interpreters that have imported the libraries.

Importing Snakemake or torch takes longer than most of what the tests run with them. The server is
that of the workflow, one for all runs of a process of the tests. A fork's folder, environment,
arguments, output and exit status are its own, like those of `python FILE`. Only what a library
reads from the environment while it is imported is the same for all forks.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"
SNAKEMAKE = Path(__file__).with_name("run_snakemake.py")

LIMIT_SECONDS = 1200
"""After which a command is killed, so that no test waits for ever."""

# A process that has threads cannot be forked safely, and threads that wait must yield.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

# Jobs of a cluster are Snakemake again. Other modules need no fork.
PROGRAM = """\
#!/bin/sh
case "$1 $2" in
    "-m snakemake") shift 2; exec {client} '{snakemake}' "$@" ;;
    "-m "*) exec {python} "$@" ;;
esac
exec {client} "$@"
"""


class ForkServer:
    """A server that is started when it is first needed, and ends with the tests."""

    @cached_property
    def python(self) -> str:
        """Return a program that runs a Python file, or Snakemake, as `sys.executable` would."""
        folder = Path(tempfile.mkdtemp(prefix="forks-"))  # which the server removes
        program, address = folder / "python", folder / "socket"
        client = [sys.executable, "-IS", str(SCRIPTS / "forked_python.py"), str(address)]
        program.write_text(
            PROGRAM.format(client=shlex.join(client), snakemake=SNAKEMAKE, python=sys.executable)
        )
        program.chmod(0o700)
        self._server = subprocess.Popen(
            [sys.executable, "-P", SCRIPTS / "fork_server.py", address],
            env={**os.environ, **ENVIRONMENT},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._server.stdout is not None
        self._server.stdout.readline()
        return str(program)

    def run(
        self,
        file: Path,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        merged: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run `python file`, with standard error apart from or merged into the output."""
        return subprocess.run(
            [self.python, str(file), *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=LIMIT_SECONDS,
        )


FORKS = ForkServer()
