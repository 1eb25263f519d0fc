"""A process that imports modules once, and runs commands in forks of itself.

`fork_server.py SOCKET MODULE...` prints a line when it is ready, and ends with its standard input.
A request is a connection to the socket: three open files (standard input, output and error), then
JSON. The answer has two lines: the number of the fork's process, and its exit status when it ends.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def serve(address: str, modules: list[str]) -> None:
    """Import modules, then run each command in a fork, until standard input ends."""
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # a collection would copy what the forks share
    running: dict[int, socket.socket] = {}
    for connection in connections(address, running):
        _, files, _, _ = socket.recv_fds(connection, len(b"files"), 3)
        with connection.makefile("rb") as content:
            request = json.loads(content.read())
        pid = os.fork()
        if pid == 0:
            for other in (connection, *running.values()):
                other.close()
            become(files, **request)
            return
        for file in files:
            os.close(file)
        running[pid] = connection
        send(connection, pid)


def connections(address: str, running: dict[int, socket.socket]) -> Iterator[socket.socket]:
    """Accept connections, and tell those of processes that have ended their exit status."""
    woken, waking = socket.socketpair()
    waking.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking.fileno())
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as selector:
        listener.bind(address)
        listener.listen()
        for source in (listener, woken, sys.stdin):
            selector.register(source, selectors.EVENT_READ)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while sources := {key.fileobj for key, _ in selector.select()}:
            if sys.stdin in sources:
                return
            if woken in sources:
                woken.recv(4096)
                answer_ended(running)
            if listener in sources:
                yield listener.accept()[0]


def answer_ended(running: dict[int, socket.socket]) -> None:
    with suppress(ChildProcessError):  # there is no other
        while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            pid, status = ended
            with running.pop(pid) as connection:
                send(connection, os.waitstatus_to_exitcode(status))


def send(connection: socket.socket, number: int) -> None:
    with suppress(BrokenPipeError):  # who asked may have been killed
        connection.sendall(f"{number}\n".encode())


def become(
    files: list[int], arguments: list[str], folder: str, environment: dict[str, str], python: str
) -> None:
    """Become `python ARGUMENTS`: what this process does from now on is what the command does."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.executable = python
    paths = list(filter(None, environment.get("PYTHONPATH", "").split(os.pathsep)))
    status = 1
    try:
        if arguments[0] == "-m":
            sys.path[:1] = [folder, *paths]
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.path[:1] = [str(Path(arguments[0]).parent), *paths]
            sys.argv = arguments
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


def end(status: int) -> None:
    """End this process, without the half second that an interpreter takes to forget its modules."""
    for step in (threading._shutdown, atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):
        with suppress(Exception):
            step()
    os._exit(status)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
