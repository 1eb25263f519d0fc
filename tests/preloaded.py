"""Commands in forks of an interpreter that has imported their modules already.

Importing Snakemake or torch takes longer than most of what the tests run with them. A fork starts
with the modules loaded; its folder, environment, arguments, output and exit status are its own,
like those of `python -m`.
"""

import importlib
import json
import os
import runpy
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LIMIT_SECONDS = 1200
"""After which a command is killed, so that no test waits for ever."""

# A process that has threads cannot be forked safely.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Preloaded:
    """Run modules as commands in forks of a process that has imported `modules`."""

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._server: subprocess.Popen[bytes] | None = None

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
        with tempfile.TemporaryDirectory() as temporary:
            outputs = [Path(temporary, "stdout"), Path(temporary, "stdout" if merged else "stderr")]
            status = self._execute(
                {
                    "module": module,
                    "arguments": list(arguments),
                    "folder": str(folder),
                    "environment": dict(environment),
                    "outputs": [str(path) for path in outputs],
                }
            )
            stdout, stderr = (path.read_text(encoding="utf-8") for path in outputs)
        return subprocess.CompletedProcess([module, *arguments], status, stdout, stderr)

    def _execute(self, request: dict[str, Any]) -> int:
        self._server = server = self._server or self._start()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(request).encode() + b"\n")
        pid = int(server.stdout.readline())
        with selectors.DefaultSelector() as selector:
            selector.register(server.stdout, selectors.EVENT_READ)
            in_time = selector.select(LIMIT_SECONDS)
        if not in_time:
            os.killpg(pid, signal.SIGKILL)
        status = int(server.stdout.readline())
        if not in_time:
            output = Path(request["outputs"][0]).read_text(encoding="utf-8")
            raise TimeoutError(f"killed after {LIMIT_SECONDS} s: {output}")
        return status

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, __file__, *self._modules],
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # what waits in a buffer would not wake the selector
        )


def serve(modules: list[str]) -> None:
    """Import modules, then run each command of standard input in a fork, until there is none."""
    for module in modules:
        importlib.import_module(module)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            become(**json.loads(line))
            return
        os.write(1, f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())


def become(
    module: str, arguments: list[str], folder: str, environment: dict[str, str], outputs: list[str]
) -> None:
    """Become `python -m module`: what this process does from now on is what the command does."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    redirect(0, os.open(os.devnull, os.O_RDONLY))
    for number, output in enumerate(outputs, start=1):
        # both may be one file, to which each appends
        redirect(number, os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [folder, *filter(None, paths)]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def redirect(number: int, file: int) -> None:
    os.dup2(file, number)
    os.close(file)


if __name__ == "__main__":
    serve(sys.argv[1:])
