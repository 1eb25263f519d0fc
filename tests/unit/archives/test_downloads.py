"""The files of named archives, downloaded from a local server."""

import hashlib
import io
import tarfile
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rsir.archives.downloads import download_files
from rsir.core.errors import InputError
from rsir.core.files import md5, sha256

TABLE = b"image\tsea\r\nbeach00\t1\r\n"
IMAGES = {
    "UCMerced_LandUse/Images/beach/beach00.tif": b"one",
    "UCMerced_LandUse/Images/forest/forest00.tif": bytes(5000),
    "UCMerced_LandUse/readme.txt": b"",
    "__MACOSX/Images/beach/._beach00.tif": b"",
}


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path):
    """A folder and the address that serves its files."""
    folder = tmp_path / "server"
    folder.mkdir()
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()
        thread.join()


def zipped(members):
    with zipfile.ZipFile(file := io.BytesIO(), "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def served(server, name, content, **keys):
    folder, url = server
    (folder / name).write_bytes(content)
    return {"file": name, "urls": [url + name], "sha256": sha256(folder / name), **keys}


@pytest.fixture
def images(server):
    members = r"(?:.*/)?(Images/[a-z]+/[a-z]+[0-9]+\.tif)"
    keys = {"gives": "Images", "members": members, "unpacked_bytes": 10_000}
    return served(server, "images.zip", zipped(IMAGES), **keys)


@pytest.fixture
def labels(server):
    keys = {"gives": "table.txt", "members": r"(?:.*/)?(table\.txt)", "unpacked_bytes": 100}
    content = zipped({"labels/table.txt": TABLE, "labels/other.txt": b""})
    return served(server, "labels.zip", content, **keys)


def files(root):
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


LAID_OUT = {"Images/beach/beach00.tif", "Images/forest/forest00.tif", "table.txt"}


def test_zip_archives_are_downloaded_and_unpacked(tmp_path, images, labels):
    root = tmp_path / "data" / "own"
    receipt = download_files(root, [images, labels])
    assert files(root) == LAID_OUT | {"images.zip", "labels.zip"}
    assert (root / "table.txt").read_bytes() == TABLE
    assert receipt.to_numpy().tolist() == [
        [file["file"], file["urls"][0], file["sha256"]] for file in (images, labels)
    ]


def test_a_second_download_requests_nothing(tmp_path, server, images, labels):
    download_files(tmp_path / "root", [images, labels])
    for path in server[0].iterdir():
        path.unlink()
    receipt = download_files(tmp_path / "root", [images, labels])
    assert receipt.to_numpy().tolist() == [
        ["Images", "already there", ""],
        ["table.txt", "already there", hashlib.sha256(TABLE).hexdigest()],
    ]


def test_only_missing_files_are_downloaded_and_others_kept(tmp_path, images, labels):
    mine = tmp_path / "root" / "Images" / "beach" / "beach00.tif"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    receipt = download_files(tmp_path / "root", [images, labels])
    assert receipt["file"].tolist() == ["Images", "labels.zip"]
    assert mine.read_bytes() == b"mine"
    assert files(tmp_path / "root" / "Images") == {"beach/beach00.tif"}


def test_an_existing_zip_archive_is_used(tmp_path, server, images, labels):
    root = tmp_path / "root"
    root.mkdir()
    (server[0] / "images.zip").rename(root / "images.zip")
    receipt = download_files(root, [images, labels])
    assert receipt["source"].tolist() == ["already there", labels["urls"][0]]
    assert files(root) >= LAID_OUT


def test_a_failed_unpacking_leaves_no_folder(tmp_path, server, images):
    path = server[0] / "images.zip"
    content = bytearray(path.read_bytes())
    content[content.index(b"one")] ^= 255
    path.write_bytes(content)
    root = tmp_path / "root"
    with pytest.raises(InputError, match=r"images\.zip: cannot be unpacked"):
        download_files(root, [{**images, "sha256": sha256(path)}])
    assert {path.name for path in root.iterdir()} == {"images.zip"}


def test_the_error_names_the_path_of_the_file(tmp_path, server, images):
    (server[0] / "images.zip").unlink()
    with pytest.raises(InputError, match=rf"{tmp_path / 'root' / 'images.zip'}: .*404"):
        download_files(tmp_path / "root", [images])


def test_a_file_that_is_not_packed_is_checked_by_md5(tmp_path, server):
    file = served(server, "metadata.parquet", b"PAR1")
    file["md5"] = md5(server[0] / file.pop("file"))
    del file["sha256"]
    receipt = download_files(tmp_path / "root", [{"file": "metadata.parquet", **file}])
    assert (tmp_path / "root" / "metadata.parquet").read_bytes() == b"PAR1"
    assert receipt["sha256"].tolist() == [hashlib.sha256(b"PAR1").hexdigest()]
    with pytest.raises(InputError, match="instead of 0000"):
        download_files(tmp_path / "other", [{"file": "a", **file, "md5": "0" * 32}])


def test_a_tar_archive_in_parts_is_downloaded_and_unpacked(tmp_path, server):
    with tarfile.open(fileobj=(packed := io.BytesIO()), mode="w:gz") as archive:
        info = tarfile.TarInfo("./BigEarthNet-S2/tile/patch/patch_B01.tif")
        info.size = 4000
        archive.addfile(info, io.BytesIO(bytes(4000)))
    content = packed.getvalue()
    parts = [
        served(server, "a.tar.gzaa", content[:60]),
        served(server, "a.tar.gzab", content[60:]),
    ]
    members = r"(?:\./)?(BigEarthNet-S2/\w+/\w+/\w+\.tif)"
    keys = {"gives": "BigEarthNet-S2", "members": members, "unpacked_bytes": 4000}
    root = tmp_path / "root"
    receipt = download_files(root, [{"file": "a.tar.gz", "parts": parts, **keys}])
    assert files(root) == {
        "BigEarthNet-S2/tile/patch/patch_B01.tif",
        "a.tar.gzaa",
        "a.tar.gzab",
    }
    assert receipt["file"].tolist() == ["a.tar.gzaa", "a.tar.gzab"]
