"""UC Merced, downloaded from a local server and read."""

import hashlib
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from project import SHARED
from rsir.archives.ucmerced import LABEL_NAMES, SCENES, Source, download_ucmerced, read_ucmerced
from rsir.core.errors import InputError
from rsir.core.files import sha256

HEADER = "\t".join((r"IMAGE\LABEL", *LABEL_NAMES))


def row(image: str, *labels: str) -> str:
    return "\t".join((image, *("1" if name in labels else "0" for name in LABEL_NAMES)))


LABEL_TABLE = "\r\n".join(
    (HEADER, row("beach01", "sand", "sea"), row("beach00", "sea"), row("forest00", "trees"), "")
).encode()


def tile() -> bytes:
    file = BytesIO()
    Image.new("RGB", (4, 4), "green").save(file, "TIFF")
    return file.getvalue()


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


def serve(server: tuple[Path, str], file: str, members: dict[str, bytes]) -> Source:
    folder, url = server
    with zipfile.ZipFile(folder / file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return Source(file, (url + file,), sha256(folder / file))


@pytest.fixture
def images(server):
    names = ("beach/beach00", "beach/beach01", "forest/forest00")
    tiles = {f"UCMerced_LandUse/Images/{name}.tif": tile() for name in names}
    others = {"UCMerced_LandUse/readme.txt": b"", "__MACOSX/Images/beach/._beach00.tif": b""}
    return serve(server, "images.zip", tiles | others)


@pytest.fixture
def labels(server):
    members = {"multilabels/LandUse_Multilabeled.txt": LABEL_TABLE, "multilabels/other.txt": b""}
    return serve(server, "labels.zip", members)


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


LAID_OUT = {
    "Images/beach/beach00.tif",
    "Images/beach/beach01.tif",
    "Images/forest/forest00.tif",
    "LandUse_Multilabeled.txt",
}


def test_the_archive_is_downloaded_and_read(tmp_path, images, labels):
    root = tmp_path / "data" / "ucmerced"
    receipt = download_ucmerced(root, images, labels)
    assert files(root) == LAID_OUT | {"images.zip", "labels.zip"}
    assert (root / "LandUse_Multilabeled.txt").read_bytes() == LABEL_TABLE
    assert receipt.to_numpy().tolist() == [
        ["images.zip", images.urls[0], images.sha256],
        ["labels.zip", labels.urls[0], labels.sha256],
    ]
    table = read_ucmerced(root)
    assert list(table.columns) == ["image", "path", "scene", *LABEL_NAMES]
    assert table[["image", "path", "scene", "sand", "sea", "trees"]].to_numpy().tolist() == [
        ["beach01", "Images/beach/beach01.tif", "beach", 1, 1, 0],
        ["beach00", "Images/beach/beach00.tif", "beach", 0, 1, 0],
        ["forest00", "Images/forest/forest00.tif", "forest", 0, 0, 1],
    ]


def test_a_second_download_requests_nothing(tmp_path, server, images, labels):
    download_ucmerced(tmp_path, images, labels)
    for path in server[0].iterdir():
        path.unlink()
    receipt = download_ucmerced(tmp_path, images, labels)
    digest = hashlib.sha256(LABEL_TABLE).hexdigest()
    assert receipt.to_numpy().tolist() == [
        ["Images", "already there", ""],
        ["LandUse_Multilabeled.txt", "already there", digest],
    ]


def test_only_missing_files_are_downloaded_and_others_kept(tmp_path, images, labels):
    mine = tmp_path / "root" / "Images" / "beach" / "beach00.tif"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    receipt = download_ucmerced(tmp_path / "root", images, labels)
    assert receipt["file"].tolist() == ["Images", "labels.zip"]
    assert mine.read_bytes() == b"mine"
    assert files(tmp_path / "root" / "Images") == {"beach/beach00.tif"}


def test_an_existing_zip_archive_is_used(tmp_path, server, images, labels):
    root = tmp_path / "root"
    root.mkdir()
    (server[0] / "images.zip").rename(root / "images.zip")
    receipt = download_ucmerced(root, images, labels)
    assert receipt["source"].tolist() == ["already there", labels.urls[0]]
    assert files(root) >= LAID_OUT


def test_a_failed_unpacking_leaves_no_folder(tmp_path, server, labels):
    members = {"Images/beach/beach00.tif": tile(), "Images/beach/beach01.tif": tile()}
    whole = serve(server, "images.zip", members)
    content = bytearray((server[0] / whole.file).read_bytes())
    content[content.rindex(b"II*\0") + 8] ^= 255  # damages the second tile
    (server[0] / whole.file).write_bytes(content)
    damaged = whole._replace(sha256=sha256(server[0] / whole.file))
    root = tmp_path / "root"
    with pytest.raises(InputError, match=r"images\.zip: cannot be unpacked"):
        download_ucmerced(root, damaged, labels)
    assert {path.name for path in root.iterdir()} == {"images.zip"}


def test_the_error_names_the_path_of_the_file(tmp_path, server, images, labels):
    (server[0] / "images.zip").unlink()
    with pytest.raises(InputError, match=rf"{tmp_path / 'root' / 'images.zip'}: .*404"):
        download_ucmerced(tmp_path / "root", images, labels)


@pytest.fixture
def root(tmp_path):
    for name in ("beach/beach00", "beach/beach01", "forest/forest00"):
        path = tmp_path / "Images" / f"{name}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tile())
    (tmp_path / "LandUse_Multilabeled.txt").write_bytes(LABEL_TABLE)
    return tmp_path


def test_a_missing_tile_is_named(root):
    (root / "Images" / "beach" / "beach01.tif").unlink()
    with pytest.raises(InputError, match="1 of 3 rows without an image: 'beach01'"):
        read_ucmerced(root)


def test_a_scene_that_is_not_of_uc_merced_is_refused(root):
    (root / "Images" / "forest").rename(root / "Images" / "woods")
    with pytest.raises(InputError, match="'woods' is not a scene"):
        read_ucmerced(root)


def test_other_labels_are_refused(root):
    table = LABEL_TABLE.replace(b"trees", b"woods")
    (root / "LandUse_Multilabeled.txt").write_bytes(table)
    with pytest.raises(InputError, match=r"LandUse_Multilabeled\.txt: .*'woods'.*kind table"):
        read_ucmerced(root)


def test_missing_images_are_refused(root):
    (root / "Images").rename(root / "Pictures")
    with pytest.raises(InputError, match="Images: no such folder"):
        read_ucmerced(root)


def test_a_part_of_the_real_archive():
    if not (SHARED / "data" / "ucmerced40").is_dir():
        pytest.skip("the UC Merced tiles are not available")
    table = read_ucmerced(SHARED / "data" / "ucmerced40")
    assert len(table) == 840
    assert table["scene"].value_counts().to_dict() == dict.fromkeys(SCENES, 40)
    last = table.iloc[-1]
    assert last["path"] == "Images/tenniscourt/tenniscourt39.tif"
    assert [name for name in LABEL_NAMES if last[name]] == ["cars", "court", "pavement", "trees"]


def test_the_whole_label_file(root):
    path = SHARED / "reference" / "LandUse_Multilabeled.txt"
    if not path.is_file():
        pytest.skip("the label file of UC Merced is not available")
    (root / path.name).write_bytes(path.read_bytes())
    for scene in SCENES:
        (root / "Images" / scene).mkdir(exist_ok=True)
        for number in range(100):
            (root / "Images" / scene / f"{scene}{number:02}.tif").touch()
    table = read_ucmerced(root)
    counts = table[list(LABEL_NAMES)].sum()
    assert len(table) == 2100
    assert counts["pavement"] == 1300
    assert counts["airplane"] == counts["dock"] == counts["sea"] == counts["tanks"] == 100
    assert len(table[list(LABEL_NAMES)].drop_duplicates()) == 202
    assert counts.sum() / 2100 == pytest.approx(3.33, abs=0.005)
