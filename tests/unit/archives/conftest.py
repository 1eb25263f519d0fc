"""A folder of three images, with hidden files and a file that is not an image."""

from pathlib import Path

import pytest
from image_folder import draw


@pytest.fixture
def image_root(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    draw(folder / "001.png", folder / "north" / "NA.JPG", folder / "south" / "c.d.tiff")
    draw(folder / ".thumbnails" / "001.png", folder / "south" / ".c.d.png")
    (folder / "notes.txt").write_text("not an image")
    return folder
