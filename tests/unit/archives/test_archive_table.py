"""The table of an archive, written and read."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from image_folder import write_labels

from rsir.archives.archive_table import (
    has_scenes,
    label_matrix,
    label_names,
    read_archive,
    write_archive,
)
from rsir.archives.csv_rows import BLOCK
from rsir.archives.image_files import describe_images
from rsir.archives.label_table import read_table
from rsir.core.errors import InputError


def test_an_archive_is_read_as_it_was_written(image_root, tmp_path):
    path = write_labels(
        image_root, 'image,scene,"sea, open",land\n001,nan,1,0\nNA,NA,0,0\nc.d,007,1,1\n'
    )
    table = describe_images(read_table(image_root, path).table, image_root, workers=2)
    write_archive(table, tmp_path / "results" / "archive.csv")
    archive = read_archive(tmp_path / "results" / "archive.csv")
    pd.testing.assert_frame_equal(archive, table)
    assert archive["image"].tolist() == ["001", "NA", "c.d"]
    assert archive["scene"].tolist() == ["nan", "NA", "007"]
    assert label_names(archive) == ["sea, open", "land"]
    assert np.array_equal(label_matrix(archive), [[True, False], [False, False], [True, True]])
    assert label_matrix(archive).dtype == bool
    assert has_scenes(archive)


def test_an_archive_without_scenes(image_root, tmp_path):
    table = read_table(
        image_root, write_labels(image_root, "image,sea\n001,1\nNA,0\nc.d,1\n")
    ).table
    write_archive(describe_images(table, image_root, workers=1), tmp_path / "archive.csv")
    assert not has_scenes(read_archive(tmp_path / "archive.csv"))


def test_a_long_table_is_read_block_by_block(tmp_path):
    table = long_table(2 * BLOCK + 3)
    write_archive(table, tmp_path / "archive.csv")
    tracemalloc.start()
    archive = read_archive(tmp_path / "archive.csv")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    pd.testing.assert_frame_equal(archive, table)
    assert peak < 3 * (tmp_path / "archive.csv").stat().st_size


def test_the_row_of_a_wrong_label_is_counted_from_the_first_of_the_table(tmp_path):
    table = long_table(BLOCK + 5)
    table.loc[BLOCK + 1, "sea"] = 2
    write_archive(table, tmp_path / "archive.csv")
    with pytest.raises(InputError, match=rf"row {BLOCK + 2} .* column 'sea': '2' is neither"):
        read_archive(tmp_path / "archive.csv")


def long_table(rows):
    """Return a table of an archive of one label."""
    table = pd.DataFrame({"image": [f"{number:06}" for number in range(rows)]})
    return table.assign(
        path=table["image"] + ".png", scene="shore", width=64, height=64, sha256="0" * 64,
        sea=np.ones(rows, np.uint8),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("image,subset\na,train\n", "does not begin with the columns image, path"),
        ("image,path,scene,width,height,sha256,sea\na,a.png,,1,1,00,2\n", "column 'sea': '2'"),
    ],
)
def test_a_file_that_is_not_an_archive_table_is_refused(tmp_path, content, expected):
    path = tmp_path / "archive.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=expected):
        read_archive(path)
