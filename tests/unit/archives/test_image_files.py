"""Images found in a folder, with their sizes and digests."""

import hashlib
import os
import time

import numpy as np
import pytest
from image_folder import draw, write_labels
from PIL import Image

from rsir.archives.image_files import describe_images, description_key
from rsir.archives.known_images import DESCRIPTION, MEMORY
from rsir.archives.label_table import read_table
from rsir.archives.pixels import PICTURES
from rsir.core.errors import InputError
from rsir.core.remembered import load, store


def test_sizes_and_digests_are_added(image_root):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be rotated by 90 degrees
    Image.new("RGB", (9, 2)).save(image_root / "001.png", exif=exif)
    table = read_table(
        image_root, write_labels(image_root, "image,sea\n001,1\nNA,0\nc.d,1\n")
    ).table
    result = describe_images(table, image_root, workers=2)
    assert list(result.columns[:6]) == ["image", "path", "scene", "width", "height", "sha256"]
    assert result[["width", "height"]].to_numpy().tolist() == [[2, 9], [5, 3], [5, 3]]
    assert result["sha256"].tolist() == [
        hashlib.sha256((image_root / path).read_bytes()).hexdigest() for path in table["path"]
    ]


def test_an_image_that_cannot_be_decoded_is_named(image_root):
    (image_root / "north" / "NA.JPG").write_bytes(b"not an image")
    table = read_table(
        image_root, write_labels(image_root, "image,sea\n001,1\nNA,0\nc.d,1\n")
    ).table
    with pytest.raises(InputError, match=r"north/NA\.JPG: not an image"):
        describe_images(table, image_root, workers=2)


def test_two_images_that_differ_in_their_ending_are_refused(image_root):
    draw(image_root / "001.jpg")
    with pytest.raises(InputError, match=r"two images '001', 001\.jpg and 001\.png"):
        read_table(image_root, write_labels(image_root, "image,sea\n001,1\nNA,0\nc.d,1\n"))


def test_links_outside_the_root_are_refused(image_root, tmp_path):
    path = write_labels(image_root, "image,sea\n001,1\nNA,0\nc.d,1\n")
    draw(tmp_path / "outside" / "e.png")
    link = image_root / "e.png"
    for target in (tmp_path / "outside" / "e.png", tmp_path / "outside"):
        link.symlink_to(target)
        with pytest.raises(InputError, match=r"e\.png: a symbolic link leads outside "):
            read_table(image_root, path)
        link.unlink()


def test_a_linked_root_is_followed_but_not_a_link_to_a_folder_inside(image_root, tmp_path):
    path = write_labels(image_root, "image,sea\n001,1\nNA,0\nc.d,1\n")
    (image_root / "again").symlink_to(image_root / "north")
    (tmp_path / "link").symlink_to(image_root)
    assert read_table(tmp_path / "link", path).table["path"][1] == "north/NA.JPG"


def test_images_that_have_not_changed_are_not_read_again(image_root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    labels = write_labels(image_root, "image,sea\n001,1\nNA,0\nc.d,1\n")
    table = read_table(image_root, labels).table
    while time.time_ns() - (image_root / "001.png").stat().st_ctime_ns < 30_000_000:
        os.sched_yield()
    first = describe_images(table, image_root, workers=1)
    key = description_key(image_root, PICTURES)
    known = np.frombuffer(load(MEMORY, key), DESCRIPTION).copy()
    assert len(known) == 3
    known["width"] = 77  # a width that only the memory can give
    store(MEMORY, key, known.tobytes())
    Image.new("RGB", (2, 2)).save(image_root / "north" / "NA.JPG")
    again = describe_images(table, image_root, workers=1)
    assert first["width"].tolist() == [5, 5, 5]
    assert again["width"].tolist() == [77, 2, 77]
    assert again["sha256"][0] == first["sha256"][0]
    assert again["sha256"][1] != first["sha256"][1]
