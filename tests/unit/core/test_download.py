import hashlib
import stat
import threading
import zipfile
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rsir.core.download import download
from rsir.core.errors import InputError
from rsir.core.unzip import unpack

CONTENT = bytes(range(256)) * 5000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Answer:
    status: int = 200
    content: bytes = CONTENT
    sent: int | None = None
    """How many bytes are sent before the connection is cut; all of them if None."""


class Server(ThreadingHTTPServer):
    """Gives the answers laid down for a path one after the other, and counts the requests."""

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
def nowhere():
    """An address at which no server listens."""
    with Server() as server:
        return server.url("/file")


@pytest.mark.parametrize("digest", [DIGEST, DIGEST[:8]])
def test_the_right_file_arrives(server, tmp_path, digest):
    path = tmp_path / "new" / "file.bin"
    download([server.url("/file", Answer())], path, digest)
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_there_is_not_fetched(server, tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(CONTENT)
    download([server.url("/file", Answer())], path, DIGEST)
    assert server.requests == 0


def test_another_file_that_is_there_is_kept(server, tmp_path):
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
def test_a_failure_leaves_nothing_and_says_why(server, tmp_path, answer, reason):
    url = server.url("/file", answer, answer, answer)
    with pytest.raises(InputError, match=reason) as caught:
        download([url], tmp_path / "file.bin", DIGEST)
    message = str(caught.value)
    assert url in message
    assert str(tmp_path / "file.bin") in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_no_server(nowhere, tmp_path):
    with pytest.raises(InputError, match=rf"{nowhere} \(.*Connection refused\)"):
        download([nowhere], tmp_path / "file.bin", DIGEST)
    assert list(tmp_path.iterdir()) == []


def test_the_next_address_is_tried(server, nowhere, tmp_path):
    path = tmp_path / "file.bin"
    wrong = server.url("/wrong", Answer(content=b"another file"))
    cut = server.url("/cut", *[Answer(sent=10)] * 3)
    download([nowhere, wrong, cut, server.url("/good", Answer())], path, DIGEST)
    assert path.read_bytes() == CONTENT


def test_all_addresses_are_named_with_their_reasons(server, nowhere, tmp_path):
    missing = server.url("/missing", Answer(status=404, content=b""))
    with pytest.raises(InputError, match=rf"{nowhere} \(.*\) nor from {missing} \(404 Not Found\)"):
        download([nowhere, missing], tmp_path / "file.bin", DIGEST)


def test_a_server_that_is_busy_is_asked_again(server, tmp_path):
    path = tmp_path / "file.bin"
    download([server.url("/file", Answer(status=503, content=b""), Answer())], path, DIGEST)
    assert path.read_bytes() == CONTENT
    assert server.requests == 2


def test_a_download_that_is_cut_off_is_begun_again(server, tmp_path):
    path = tmp_path / "file.bin"
    download([server.url("/file", Answer(sent=1000), Answer(sent=10), Answer())], path, DIGEST)
    assert path.read_bytes() == CONTENT
    assert server.requests == 3


@pytest.mark.parametrize("digest", ["", "abc", "no digest"])
def test_a_digest_that_checks_nothing_is_refused(tmp_path, digest):
    with pytest.raises(ValueError, match="SHA-256"):
        download([], tmp_path / "file.bin", digest)


def packed(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_only_wanted_members_are_unpacked(tmp_path):
    members = [
        ("top/a/", b""),
        ("top/a/1.txt", b"one"),
        ("top/a/2.txt", b"two"),
        ("top/read.me", b"no"),
        ("__MACOSX/top/a/._1.txt", b"no"),
    ]
    archive = packed(tmp_path / "a.zip", members)
    unpack(archive, r"top/(a/[0-9]\.txt)", tmp_path / "out", 6)
    assert files(tmp_path / "out") == {"a/1.txt": b"one", "a/2.txt": b"two"}


@pytest.mark.parametrize("name", ["../evil.txt", "a/../../evil.txt", "/evil.txt"])
def test_no_member_leaves_the_folder(tmp_path, name):
    archive = packed(tmp_path / "a.zip", [("good.txt", b"good"), (name, b"evil")])
    with pytest.raises(InputError, match=r"a\.zip: .*leads out of the folder"):
        unpack(archive, "(.*)", tmp_path / "out", 100)
    assert set(files(tmp_path)) == {"a.zip"}


def test_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = packed(tmp_path / "a.zip", [(link, b"/etc/passwd")])
    with pytest.raises(InputError, match=r"'link\.txt' is a link"):
        unpack(archive, "(.*)", tmp_path / "out", 100)


def test_the_size_is_bounded(tmp_path):
    archive = packed(tmp_path / "a.zip", [("a", bytes(60)), ("b", bytes(41))])
    with pytest.raises(InputError, match="101 bytes when unpacked, of which 100 are allowed"):
        unpack(archive, "(.*)", tmp_path / "out", 100)
    assert set(files(tmp_path)) == {"a.zip"}


def test_a_member_larger_than_it_says_is_refused(tmp_path):
    archive = packed(tmp_path / "a.zip", [("a", bytes(5000))])
    size = (5000).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(size, (50).to_bytes(4, "little")))
    with pytest.raises(InputError, match="cannot be unpacked"):
        unpack(archive, "(.*)", tmp_path / "out", 100)


def test_two_files_for_one_path_are_refused(tmp_path):
    archive = packed(tmp_path / "a.zip", [("x/a", b"1"), ("y/a", b"2")])
    with pytest.raises(InputError, match="two files for one path"):
        unpack(archive, "[xy]/(.*)", tmp_path / "out", 100)


def test_an_archive_without_the_files_is_refused(tmp_path):
    archive = packed(tmp_path / "a.zip", [("a", b"1")])
    with pytest.raises(InputError, match="none of the files"):
        unpack(archive, "(b)", tmp_path / "out", 100)


def test_a_damaged_archive_is_refused(tmp_path):
    archive = packed(tmp_path / "a.zip", [("a", CONTENT)])
    content = bytearray(archive.read_bytes())
    content[40:80] = bytes(40)
    for damaged in (content, content[:100], b"no zip"):
        archive.write_bytes(damaged)
        with pytest.raises(InputError, match=r"a\.zip: cannot be unpacked"):
            unpack(archive, "(.*)", tmp_path / f"out{len(damaged)}", 1 << 30)
