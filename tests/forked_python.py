"""Python for jobs: `forked_python.py SOCKET FILE` runs FILE in a fork of a server's process.

It imports little, since it starts once for each job.
"""

import json
import os
import socket
import sys

address, *arguments = sys.argv[1:]
request = {
    "arguments": arguments,
    "folder": os.getcwd(),  # noqa: PTH109
    "environment": dict(os.environ),
    "python": sys.executable,
}
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(address)
    socket.send_fds(connection, [b"files"], [0, 1, 2])
    connection.sendall(json.dumps(request).encode())
    connection.shutdown(socket.SHUT_WR)
    with connection.makefile() as answer:
        answer.readline()
        status = int(answer.readline())
if status < 0:
    os.kill(os.getpid(), -status)
sys.exit(status)
