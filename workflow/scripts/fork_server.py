"""A process that imports libraries once, and runs Python files in forks of itself.

Importing torch or pandas takes longer than much of what jobs do with them. `fork_server.py SOCKET`
waits for requests: a connection to the socket, with three open files (standard input, output and
error) and a line of JSON. It imports what the requested file imports, directly or by modules of
this project, which themselves it does not import; then a fork becomes that file. The answer has two
lines: the number of the fork's process and, when it ends, its exit status. Closing the
connection ends the fork. The server ends with its standard input, and removes the socket's folder.
"""

import ast
import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

PROJECT = "rsir"


def serve(address: str) -> None:
    """Run each requested file in a fork, until standard input ends."""
    gc.disable()  # while libraries are imported, which it makes a fifth slower
    request = next_request(address)
    if request:
        become(**request)
    shutil.rmtree(Path(address).parent)


def next_request(address: str) -> dict[str, Any] | None:
    """Answer requests; return the request in each fork, and none in the server when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # is meant for the forks
    signal.signal(signal.SIGCHLD, lambda *_: None)
    woken, waking = socket.socketpair()
    waking.setblocking(False)
    signal.set_wakeup_fd(waking.fileno())
    connections: dict[int, socket.socket] = {}
    with (
        woken,
        waking,
        socket.socket(socket.AF_UNIX) as listener,
        selectors.DefaultSelector() as selector,
    ):
        listener.bind(address)
        listener.listen()
        for source in (listener, woken, sys.stdin):
            selector.register(source, selectors.EVENT_READ)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    return None
                if key.fileobj is woken:
                    woken.recv(4096)
                    for pid, status in ended():
                        connection = connections.pop(pid)
                        with suppress(KeyError):  # its other end is closed
                            selector.unregister(connection)
                        with connection:
                            answer(connection, status)
                elif key.fileobj is listener:
                    connection, _ = listener.accept()
                    request = read_request(connection)
                    if request is None:
                        connection.close()
                        continue
                    pid = os.fork()
                    if pid == 0:
                        signal.set_wakeup_fd(-1)
                        for other in (connection, *connections.values()):
                            other.close()
                        return request
                    for file in request["files"]:
                        os.close(file)
                    connections[pid] = connection
                    selector.register(connection, selectors.EVENT_READ, pid)
                    answer(connection, pid)
                else:
                    selector.unregister(key.fileobj)
                    os.kill(key.data, signal.SIGTERM)


def read_request(connection: socket.socket) -> dict[str, Any] | None:
    """Read a request, and import the libraries of its file; none if the other end is closed."""
    _, files, _, _ = socket.recv_fds(connection, len(b"files"), 3)
    with connection.makefile("rb") as content:
        line = content.readline()
    if not line.endswith(b"\n"):
        return None
    request: dict[str, Any] = json.loads(line)
    file = Path(request["folder"], request["arguments"][0])
    import_libraries(file, module_folders(request["environment"]))
    gc.collect()
    gc.freeze()  # a collection in a fork would copy what it shares
    return {**request, "files": files}


def import_libraries(file: Path, folders: list[Path]) -> None:
    """Import the libraries that a file imports, directly or by modules of the project in folders.

    What cannot be imported is left to the fork, which may not need it.
    """
    read, waiting = set(), {file}
    while waiting:
        file = waiting.pop()
        read.add(file)
        for name in imports(file, file.stat().st_mtime_ns) if file.is_file() else ():
            if name.split(".")[0] == PROJECT:
                modules = (folder.joinpath(*name.split(".")) for folder in folders)
                waiting |= {module.with_suffix(".py") for module in modules} - read
            elif name not in sys.modules:
                with suppress(Exception):
                    importlib.import_module(name)


@functools.cache
def imports(file: Path, _modified: int) -> list[str]:
    """Return the names that a file may import as modules: also those imported from modules."""
    names = []
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def module_folders(environment: dict[str, str]) -> list[Path]:
    """Return the folders that an environment adds to the path of modules."""
    return [Path(path) for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]


def ended() -> Iterator[tuple[int, int]]:
    """Return the forks that have ended, with their exit statuses."""
    with suppress(ChildProcessError):  # there is no other
        while (child := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            yield child[0], os.waitstatus_to_exitcode(child[1])


def answer(connection: socket.socket, number: int) -> None:
    """Send a line with a number."""
    with suppress(BrokenPipeError, ConnectionResetError):  # the client may have been killed
        connection.sendall(f"{number}\n".encode())


def become(
    files: list[int], arguments: list[str], folder: str, environment: dict[str, str]
) -> None:
    """Become `python ARGUMENTS`: what this process does from now on is what the command does."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.enable()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.path[:0] = [str(Path(arguments[0]).parent), *map(str, module_folders(environment))]
    sys.argv = arguments
    status = 1
    try:
        set_threads(environment)
        runpy.run_path(arguments[0], run_name="__main__")
        status = 0
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
        if isinstance(exit_.code, str):
            sys.stderr.write(f"{exit_.code}\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        end(status)


def set_threads(environment: dict[str, str]) -> None:
    """Give the imported libraries the number of threads that they would read when imported."""
    if number := environment.get("OMP_NUM_THREADS"):
        threadpoolctl = importlib.import_module("threadpoolctl")
        threadpoolctl.threadpool_limits(int(number))


def end(status: int) -> None:
    """End this process, without the half second that an interpreter takes to forget its modules."""
    for step in (threading._shutdown, atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):
        with suppress(Exception):
            step()
    os._exit(status)


if __name__ == "__main__":
    serve(sys.argv[1])
