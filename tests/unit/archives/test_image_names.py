"""Ids of images, and the images that written names mean."""

from pathlib import Path

import pandas as pd
import pytest
from image_folder import draw

from rsir.archives.image_files import find_images
from rsir.archives.image_names import find_by_name, image_ids, similar_name
from rsir.archives.label_table import read_table
from rsir.archives.split_file import read_split
from rsir.core.errors import InputError

TABLE = Path("labels.csv")


@pytest.mark.parametrize(
    ("paths", "ids"),
    [
        (["a.png", "north/b.JPG"], ["a", "b"]),
        (["a.png", "north/a.jpg"], ["a", "north/a"]),
        (["a.png", "north/a.jpg", "b.png"], ["a", "north/a", "b"]),
        (["a.b.tif", "a.b.c"], ["a.b", "a.b.c"]),
        (["u\u0308.png"], ["ü"]),
        (["s2/patch_1//s1/patch_1_S1", "s2/patch_2//s1/patch_2_S1"], ["patch_1", "patch_2"]),
        (["a.png", "a.tif"], ["a", "a"]),
        ([], []),
    ],
)
def test_the_last_part_is_the_id_where_all_differ_and_else_the_path(paths, ids):
    assert image_ids(paths) == ids


FLAT = {"t0": "t0.png", "t1": "north/t1.png", "S2.t2": "S2.t2.png", "t3": "t3.tif.png"}
NESTED = {"farm/0": "farm/0.png", "port/0": "port/0.png", "0": "0.png", "port/1": "port/1.png"}
JOINED = {"one": "s2/one//s1/uno", "two": "s2/two//s1/due"}


@pytest.mark.parametrize(
    ("paths", "name", "image"),
    [
        (FLAT, "t0", "t0"),
        (FLAT, "t0.png", "t0"),
        (FLAT, "t0.jpg", "t0"),
        (FLAT, "./t0.png", "t0"),
        (FLAT, "tiles/t0.png", "t0"),
        (FLAT, "t1", "t1"),
        (FLAT, "north/t1", "t1"),
        (FLAT, "north\\t1.png", "t1"),
        (FLAT, "tiles\\north\\t1.png", "t1"),
        (FLAT, "south/t1.png", None),
        (FLAT, "S2.t2", "S2.t2"),
        (FLAT, "t3", None),
        (FLAT, "t3.tif", "t3"),
        (FLAT, "T0", None),
        (FLAT, "t0.csv", None),
        (NESTED, "farm/0", "farm/0"),
        (NESTED, "port\\0.png", "port/0"),
        (NESTED, "0.png", "0"),
        (NESTED, "1", "port/1"),
        (NESTED, "lake/0", "0"),
        (JOINED, "uno", "one"),
        (JOINED, "s2/two", "two"),
    ],
)
def test_a_name_means_the_image_whose_path_ends_alike(paths, name, image):
    paths = {"t3.tif" if key == "t3" else key: path for key, path in paths.items()}
    expected = "t3.tif" if image == "t3" else image
    assert find_by_name([name], paths, TABLE) == [expected]


def test_a_file_name_is_preferred_to_an_id():
    paths = {"t0": "t0.tif", "t0.tif": "t0.tif.png"}
    assert find_by_name(["t0.tif", "t0.tif.png", "t0"], paths, TABLE) == ["t0", "t0.tif", "t0"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("2", "labels.csv: '2' fits 2 images: 'farm/2.png', 'port/2.png'; give the path below the"),
        ("../2", "'../2' leads outside the image folder"),
        ("a\\..\\..\\2", "leads outside the image folder"),
        ("/data/2.png", "'/data/2.png' leads outside the image folder"),
        ("C:\\data\\2.png", "leads outside the image folder"),
        ("farm/2\n", "has a line break"),
    ],
)
def test_a_name_that_fits_several_images_or_leads_out_is_refused(name, line):
    with pytest.raises(InputError) as raised:
        find_by_name([name], {"farm/2": "farm/2.png", "port/2": "port/2.png"}, TABLE)
    assert line in str(raised.value)


def test_names_that_differ_in_case_or_zeros_are_similar():
    assert similar_name("T0.PNG", ["t1", "t0"]) == "t0"
    assert similar_name("7", ["00007"]) == "00007"
    assert similar_name("t", ["t0"]) is None


SPELLINGS = ("{path}", "{image}", "./{path}", "tiles/{path}", "{windows}")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_label_tables_and_split_files_take_the_same_names(tmp_path, spelling):
    """The same file name in two folders."""
    root = tmp_path / "tiles"
    draw(*(root / scene / f"{number}.png" for scene in ("farm", "port") for number in range(2)))
    paths = find_images(root)
    assert list(paths) == ["farm/0", "farm/1", "port/0", "port/1"]
    written = [
        spelling.format(path=path, image=image, windows=path.replace("/", "\\"))
        for image, path in paths.items()
    ]
    labels = tmp_path / "labels.csv"
    labels.write_text("image,sea\n" + "".join(f"{name},1\n" for name in reversed(written)))
    table = read_table(root, labels).table
    assert dict(zip(table["image"], table["path"], strict=True)) == paths
    assert table["image"].tolist() == list(reversed(paths))
    split = tmp_path / "split.csv"
    subsets = ["train", "test", "validation", "train"]
    rows = [f"{name};{subset}\n" for name, subset in zip(written, subsets, strict=True)]
    split.write_text("filename;subset\n" + "".join(rows))
    assert read_split(split, table).tolist() == list(reversed(subsets))


def test_a_split_file_that_names_an_image_twice_in_two_ways_is_refused(tmp_path):
    split = tmp_path / "split.csv"
    split.write_text("image,subset\nt0,train\nt0.png,test\n")
    archive = pd.DataFrame({"image": ["t0"], "path": ["t0.png"]})
    with pytest.raises(InputError, match="rows 1 and 2 both name image 't0'"):
        read_split(split, archive)


def test_many_files_of_one_name_are_found_in_the_time_of_a_test():
    images = {f"patch{number}/image": f"patch{number}/image.tif" for number in range(100_000)}
    assert find_by_name(list(images.values()), images, TABLE) == list(images)
    above = [f"patches/{path}" for path in images.values()]
    assert find_by_name(above, images, TABLE) == list(images)
