"""Python that starts at once: `forked_python.py SOCKET FILE…` runs FILE in a fork of a server.

It imports little, since it starts once for each job. Without a server, Python starts as usual.
"""

import json
import os
import signal
import socket
import sys
from contextlib import suppress


def main() -> None:
    """Run the file, and end as it ends."""
    address, *arguments = sys.argv[1:]
    with socket.socket(socket.AF_UNIX) as connection, connection.makefile() as answer:
        pid = ""
        with suppress(OSError):
            connection.connect(address)
            send_request(connection, arguments)
            pid = answer.readline()
        if not pid:
            os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the fork receives it, too, and ends in order
        status = int(answer.readline() or 1)
    if status < 0:
        os.kill(os.getpid(), -status)
    sys.exit(status)


def send_request(connection: socket.socket, arguments: list[str]) -> None:
    """Send the open files, and what the fork is to become."""
    request = {
        "arguments": arguments,
        "folder": os.getcwd(),  # noqa: PTH109
        "environment": dict(os.environ),
    }
    socket.send_fds(connection, [b"files"], [0, 1, 2])
    connection.sendall(json.dumps(request).encode() + b"\n")


if __name__ == "__main__":
    main()
