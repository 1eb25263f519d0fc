"""Archives in one file give what the unpacked folder gives, and broken ones are refused."""

import copy
import io
import multiprocessing
import struct
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
from containers import FORMS, as_hdf5, as_tar, as_zip, files_of
from PIL import Image

from rsir.archives.archive_table import write_archive
from rsir.archives.containers.opened import located
from rsir.archives.file_lists import files_below
from rsir.archives.image_files import describe_images
from rsir.archives.kinds import READERS
from rsir.archives.pixel_settings import resolve_pixel_format
from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.core.errors import InputError


@pytest.fixture
def tiles(tmp_path):
    """Pictures of three formats in two folders of scenes."""
    folder = tmp_path / "tiles"
    rng = np.random.default_rng(0)
    for scene in ("forest", "river"):
        for number, ending in enumerate(("jpg", "png", "tif", "jpg")):
            path = folder / scene / f"{scene}{number}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 256, (6 + number, 7, 3), np.uint8)
            Image.fromarray(pixels).save(path)
    return folder


def written(root, tmp_path):
    """Return the table of an archive of kind `folders` as it is written."""
    images = located(root)
    table = READERS["folders"](images, {"kind": "folders"}).table
    write_archive(describe_images(table, images, 1), tmp_path / "archive.csv")
    return (tmp_path / "archive.csv").read_bytes()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_tables_and_pixels_are_those_of_the_folder(tiles, tmp_path, form):
    container = form(tiles, tmp_path / "whole")
    assert written(container, tmp_path) == written(tiles, tmp_path)
    paths = files_below(tiles)
    inside, outside = (ArchiveImages(root, paths, PICTURES) for root in (container, tiles))
    for row in range(len(paths)):
        np.testing.assert_array_equal(inside[row], outside[row])
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(inside.__getitem__, [3, 0, 7, 5] * 4))
    np.testing.assert_array_equal(read[5], outside[0])


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_forks_of_a_process_that_has_read_go_on_reading(tiles, tmp_path, form):
    container = located(form(tiles, tmp_path / "whole"))
    files = files_of(tiles)
    members = [container / name for name in files]
    assert members[0].read_bytes() == files["river/river3.jpg"]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(_content, members, 1) == list(files.values())
    assert copy.copy(members[1]).read_bytes() == files["river/river2.tif"]


def _content(member):
    return member.read_bytes()


def test_a_folder_inside_may_be_the_root(tiles, tmp_path):
    container = as_zip(tiles.parent, tmp_path.parent / f"{tmp_path.name}-above")
    with pytest.raises(InputError, match=r"folders of folders.*set root to .*above\.zip/tiles$"):
        written(container, tmp_path)
    assert written(container / "tiles", tmp_path) == written(tiles, tmp_path)


def test_label_tables_are_found_beside_and_inside(tiles, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("image,green\nriver2,1\nforest0,0\n")
    (tiles / "labels.csv").write_bytes(labels.read_bytes())
    container = as_zip(tiles, tmp_path / "whole")
    read = [
        READERS["table"](located(root), {"labels": str(path), "unlabelled": "ignore"}).table
        for root, path in (
            (tiles, labels),
            (container, labels),
            (container, container / labels.name),
        )
    ]
    assert list(read[0]["path"]) == ["river/river2.tif", "forest/forest0.jpg"]
    for table in read[1:]:
        pd.testing.assert_frame_equal(table, read[0])


def test_labels_of_a_parquet_file_are_those_beside_its_images(tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (4, 3)).save(buffer, "PNG")
    features = '{"info": {"features": {"labels": {"feature": {"names": ["sea", "quay"]}}}}}'
    table = pa.table(
        {
            "image": [{"bytes": buffer.getvalue(), "path": None}] * 3,
            "labels": [[0, 1], [1], []],
            "date": ["2020", "2021", "2022"],
        }
    )
    path = tmp_path / "test.parquet"
    pq.write_table(table.replace_schema_metadata({"huggingface": features}), path)
    listing = READERS["table"](located(path), {"labels": str(path)})
    assert list(listing.table["image"]) == ["test-000000", "test-000001", "test-000002"]
    assert listing.table["path"][2] == "test-000002.png"
    assert listing.table[["quay", "sea"]].to_numpy().tolist() == [[1, 1], [1, 0], [0, 0]]
    assert list(listing.attributes["date"]) == ["2020", "2021", "2022"]


def test_rasters_and_folders_of_bands_are_read(tmp_path):
    folder = tmp_path / "bands"
    for patch in ("S2_1", "S2_2"):
        (folder / patch).mkdir(parents=True)
        for number, band in enumerate(("B02", "B03", "B04")):
            with rasterio.open(
                folder / patch / f"{patch}_{band}.tif", "w",
                driver="GTiff", width=3, height=2, count=1, dtype="uint16",
            ) as file:  # fmt: skip
                file.write(np.full((1, 2, 3), 1000 * number + 7, np.uint16))
    settings = {"bands": ["B02", "B03", "B04"], "sensor": "sentinel2", "rgb": {"range": [0, 3000]}}
    tables = []
    for root in (folder, as_tar(folder, tmp_path / "whole"), as_hdf5(folder, tmp_path / "whole")):
        images = located(root)
        paths = files_below(images)
        pixel_format = resolve_pixel_format(settings, images, ["S2_1", "S2_2"])
        table = pd.DataFrame({"image": ["a", "b"], "path": ["S2_1", "S2_2"], "scene": ""})
        tables.append(describe_images(table, images, 1, pixel_format))
        bands = ArchiveImages(root, ["S2_2"], pixel_format).select(["B04", "B02"])[0]
        assert bands[0, 0].tolist() == [2007, 7]
        assert len(paths) == 6
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])


def test_a_member_that_is_not_there_is_named(tiles, tmp_path):
    container = as_zip(tiles, tmp_path / "whole")
    with pytest.raises(InputError, match=r"whole\.zip/forest/lost\.png: not a regular file"):
        ArchiveImages(container, ["forest/lost.png"], PICTURES)[0]


def test_damaged_members_are_named(tiles, tmp_path):
    for form, ending in ((as_zip, "checksum differs"), (as_tar, "cannot be decoded")):
        container = form(tiles, tmp_path / "whole")
        name = "forest/forest3.jpg"
        content, image = container.read_bytes(), (tiles / name).read_bytes()
        assert image in content
        container.write_bytes(content.replace(image, image[:200] + bytes(len(image) - 200)))
        with pytest.raises(InputError, match=rf"forest3\.jpg: .*{ending}"):
            ArchiveImages(container, [name], PICTURES)[0]


@pytest.mark.parametrize("form", ["zip", "tar", "hdf5", "parquet"])
def test_incomplete_containers_are_refused(tiles, tmp_path, form):
    container = FORMS[form](tiles, tmp_path / "whole")
    content = container.read_bytes()
    container.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=rf"{container.name}: .*get another copy of it"):
        located(container)


def test_a_tar_archive_without_its_end_is_refused(tiles, tmp_path):
    path = as_tar(tiles, tmp_path / "whole")
    path.write_bytes(path.read_bytes().rstrip(b"\0"))
    with path.open("ab") as file:
        file.write(bytes(-path.stat().st_size % 512))
    with pytest.raises(InputError, match=r"whole\.tar: incomplete"):
        located(path)


def test_unsafe_or_unreadable_containers_are_refused(tmp_path):
    path = tmp_path / "unsafe.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../a.png", b"")
    with pytest.raises(InputError, match=r"'\.\./a\.png' leads outside; unpack it"):
        located(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", b"1")
        archive.writestr("./a.png", b"2")
    with pytest.raises(InputError, match=r"two members 'a\.png'"):
        located(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.png", b"1")
    with pytest.raises(InputError, match="neither stored nor deflated"):
        located(path)
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("a.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, b"/etc/passwd")
    with pytest.raises(InputError, match=r"'a\.png' is a link"):
        located(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", b"1")
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\1\2")
    content[directory + 8 : directory + 10] = struct.pack("<H", 1)
    path.write_bytes(content)
    with pytest.raises(InputError, match="encrypted; unpack it with its password"):
        located(path)


def test_compressed_and_linked_tar_archives_are_refused(tiles, tmp_path):
    path = tmp_path / "tiles.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tiles, "tiles")
    with pytest.raises(InputError, match=r"compressed by gzip.*decompress it to a \.tar"):
        located(path)
    path = tmp_path / "tiles.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("a.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(InputError, match=r"'a\.png' is a link or another special file"):
        located(path)


def test_files_of_other_contents_are_refused(tmp_path):
    path = tmp_path / "arrays.h5"
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros((2, 8, 8, 3), np.uint8)
    with pytest.raises(InputError, match=r"arrays\.h5: has no encoded images"):
        located(path)
    path = tmp_path / "labels.parquet"
    pq.write_table(pa.table({"image": ["a"], "geometry": [b"\1\1\0\0"]}), path)
    with pytest.raises(InputError, match=r"labels\.parquet: has no column of encoded images"):
        located(path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InputError, match="neither a folder nor a zip, tar, HDF5 or parquet file"):
        located(tmp_path / "notes.txt")
    assert located(tmp_path) == tmp_path
