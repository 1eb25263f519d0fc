"""Files that run in forks behave as those that `python FILE` runs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from project import SCRIPTS

LIBRARY = """
from pathlib import Path

with Path(__file__).with_suffix(".log").open("a") as log:
    log.write("imported\\n")
"""


class Server:
    """A server that finds libraries in a folder, and what asks it for forks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "socket's folder"
        self.folder.mkdir()
        self.libraries = folder / "libraries"
        self.libraries.mkdir()
        self.address = self.folder / "socket"
        self.process = subprocess.Popen(
            [sys.executable, "-P", SCRIPTS / "fork_server.py", self.address],
            env={**os.environ, "PYTHONPATH": str(self.libraries), "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def start(self, file: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        client = [sys.executable, "-IS", SCRIPTS / "forked_python.py", self.address]
        return subprocess.Popen(
            [*client, file, *arguments],
            cwd=file.parent,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, file: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
        process = self.start(file, *arguments, **environment)
        output, errors = process.communicate("standard input")
        return process.returncode, output, errors

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path)
    yield one
    one.end()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.py"


def test_a_fork_has_what_a_process_of_its_own_would_have(server: Server, file: Path) -> None:
    file.write_text(
        "import os, sys\n"
        "print(sys.argv[1:], os.getcwd(), os.environ['ONE'], sys.stdin.read(), __name__)\n"
        "print(__file__, sys.path[0], file=sys.stderr)\n"
    )
    status, output, errors = server.run(file, "a b", "", ONE="1")
    assert status == 0
    assert output == f"['a b', ''] {file.parent} 1 standard input __main__\n"
    assert errors == f"{file} {file.parent}\n"


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit('one line')", 1, "one line\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("import os; os.kill(os.getpid(), 9)", -9, ""),
        ("import atexit; atexit.register(print, 'last'); raise SystemExit", 0, ""),
        ("syntax error", 1, "SyntaxError: invalid syntax\n"),
    ],
)
def test_it_ends_as_the_file_ends(
    server: Server, file: Path, code: str, status: int, message: str
) -> None:
    file.write_text(code)
    outcome, output, errors = server.run(file)
    assert outcome == status
    assert errors.endswith(message)
    assert (output == "last\n") == ("atexit" in code)


def test_libraries_are_imported_once_and_the_project_in_each_fork(
    server: Server, file: Path, tmp_path: Path
) -> None:
    (server.libraries / "library.py").write_text(LIBRARY)
    module = tmp_path / "project" / "rsir" / "module.py"
    module.parent.mkdir(parents=True)
    module.with_name("__init__.py").touch()
    file.write_text("from rsir.module import number\nprint(number)\n")
    for number in ("1", "2"):
        module.write_text(f"from library import Path\nnumber = {number}\n")
        outcome = server.run(file, PYTHONPATH=str(tmp_path / "project"))
        assert outcome == (0, f"{number}\n", "")
    assert (server.libraries / "library.log").read_text() == "imported\n"


def test_a_library_that_cannot_be_imported_concerns_only_who_needs_it(
    server: Server, file: Path
) -> None:
    (server.libraries / "broken.py").write_text("raise RuntimeError('broken')\n")
    file.write_text("def unused():\n    import broken, missing\nprint('done')\n")
    assert server.run(file) == (0, "done\n", "")
    file.write_text("import broken\n")
    status, _, errors = server.run(file)
    assert (status, errors.splitlines()[-1]) == (1, "RuntimeError: broken")


def test_libraries_have_the_threads_that_the_environment_asks_for(
    server: Server, file: Path
) -> None:
    file.write_text(
        "import numpy, threadpoolctl\n"
        "print({each['num_threads'] for each in threadpoolctl.threadpool_info()})\n"
    )
    for number in ("2", "3", "1"):
        assert server.run(file, OMP_NUM_THREADS=number) == (0, f"{{{number}}}\n", "")


def test_a_killed_client_ends_its_fork(server: Server, file: Path) -> None:
    file.write_text(
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('ended')))\n"
        "print('started', flush=True)\n"
        "signal.pause()\n"
    )
    process = server.start(file)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGKILL)
    assert process.stdout.read() == "ended\n"
    file.write_text("print('another')\n")
    assert server.run(file)[1] == "another\n"


def test_without_a_server_python_starts_as_usual(server: Server, file: Path) -> None:
    server.end()
    assert not server.folder.exists()
    file.write_text("import sys\nprint(sys.argv[1:])\nsys.exit(4)\n")
    assert server.run(file, "argument") == (4, "['argument']\n", "")
