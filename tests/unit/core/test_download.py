"""Downloads from a local server."""

import hashlib
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rsir.core.download import download
from rsir.core.errors import InputError

CONTENT = bytes(range(256)) * 5000

DIGEST = hashlib.sha256(CONTENT).hexdigest()
MD5 = "md5:" + hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


@dataclass
class Answer:
    status: int = 200
    content: bytes = CONTENT
    sent: int | None = None
    """Number of bytes sent before the connection is cut; all if None."""


class Server(ThreadingHTTPServer):
    """Serves the answers defined for each path in order, and counts the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.requests = 0

    def url(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests += 1
        answer = self.server.answers[self.path].pop(0)
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content[: answer.sent])
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def dead_address():
    """An address without a server."""
    with Server() as server:
        return server.url("/file")


@pytest.mark.parametrize("digest", [DIGEST, DIGEST[:8], MD5, None])
def test_the_right_file_is_downloaded(server, tmp_path, digest):
    path = tmp_path / "new" / "file.bin"
    download([server.url("/file", Answer())], path, digest)
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]


def test_an_existing_file_is_not_downloaded(server, tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(CONTENT)
    download([server.url("/file", Answer())], path, DIGEST)
    assert server.requests == 0


def test_another_existing_file_is_kept(server, tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"file\.bin: not the file .*move it away"):
        download([server.url("/file", Answer())], path, DIGEST)
    assert path.read_bytes() == b"mine"
    assert server.requests == 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(content=b"another file"), "SHA-256 [0-9a-f]+ instead of " + DIGEST),
        (Answer(sent=1000), "1000 bytes read"),
        (Answer(status=404, content=b"none"), "404 Not Found"),
    ],
)
def test_a_failed_download_leaves_no_file_and_reports_the_reason(server, tmp_path, answer, reason):
    url = server.url("/file", answer, answer, answer)
    with pytest.raises(InputError, match=reason) as raised:
        download([url], tmp_path / "file.bin", DIGEST)
    message = str(raised.value)
    assert url in message
    assert str(tmp_path / "file.bin") in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_no_server(dead_address, tmp_path):
    with pytest.raises(InputError, match=rf"{dead_address} \(.*Connection refused\)"):
        download([dead_address], tmp_path / "file.bin", DIGEST)
    assert list(tmp_path.iterdir()) == []


def test_the_next_address_is_tried(server, dead_address, tmp_path):
    path = tmp_path / "file.bin"
    wrong = server.url("/wrong", Answer(content=b"another file"))
    cut = server.url("/cut", *[Answer(sent=10)] * 3)
    download([dead_address, wrong, cut, server.url("/good", Answer())], path, DIGEST)
    assert path.read_bytes() == CONTENT


def test_all_addresses_are_named_with_their_reasons(server, dead_address, tmp_path):
    missing = server.url("/missing", Answer(status=404, content=b""))
    with pytest.raises(
        InputError, match=rf"{dead_address} \(.*\) or from {missing} \(404 Not Found\)"
    ):
        download([dead_address, missing], tmp_path / "file.bin", DIGEST)


def test_a_busy_server_is_retried(server, tmp_path):
    path = tmp_path / "file.bin"
    download([server.url("/file", Answer(status=503, content=b""), Answer())], path, DIGEST)
    assert path.read_bytes() == CONTENT
    assert server.requests == 2


def test_a_download_that_is_cut_off_is_restarted(server, tmp_path):
    path = tmp_path / "file.bin"
    download([server.url("/file", Answer(sent=1000), Answer(sent=10), Answer())], path, DIGEST)
    assert path.read_bytes() == CONTENT
    assert server.requests == 3


@pytest.mark.parametrize("digest", ["", "abc", "not hexadecimal"])
def test_an_invalid_digest_is_refused(tmp_path, digest):
    with pytest.raises(ValueError, match="SHA-256"):
        download([], tmp_path / "file.bin", digest)


def test_a_file_with_another_md5_digest_is_refused(server, tmp_path):
    other = "md5:" + "0" * 32
    with pytest.raises(InputError, match=f"MD5 {MD5[4:]} instead of {'0' * 32}"):
        download([server.url("/file", Answer())], tmp_path / "file.bin", other)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("digest", ["", "1234567", MD5[:-1], "sha1:" + "0" * 40])
def test_a_digest_that_is_none_is_not_taken(tmp_path, digest):
    with pytest.raises(ValueError, match="neither"):
        download([], tmp_path / "file.bin", digest)
