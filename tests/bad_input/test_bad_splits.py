"""Files of a split that do not fit the archive."""

import pandas as pd
import pytest
from own_archive import IMAGES

from rsir.archives.split_file import read_split
from rsir.core.errors import InputError

ARCHIVE = pd.DataFrame({"image": IMAGES, "path": [f"{image}.png" for image in IMAGES]})
SUBSETS = {image: "test" if image.endswith("4") else "train" for image in IMAGES}


def table(subsets: dict[str, str], more: str = "") -> str:
    return "image,subset\n" + "".join(f"{i},{s}\n" for i, s in subsets.items()) + more


REFUSED = {
    "overlap": (table(SUBSETS, "farm0,test\n"), "rows 1 and 11 both name image 'farm0'; remove"),
    "unknown images": (
        table(SUBSETS, "lake0,test\nlake1,test\n"),
        "2 of 12 rows name images that the archive does not have: 'lake0', 'lake1'; remove them",
    ),
    "missing images": (
        table({image: subset for image, subset in SUBSETS.items() if image < "port2"}),
        "3 of the archive's 10 images without a row: 'port2', 'port3', 'port4'; add them",
    ),
    "no test image": (table(dict.fromkeys(IMAGES, "train")), "no image is in the subset 'test'"),
    "no training image": (
        table(dict.fromkeys(IMAGES, "test")),
        "no image is in the subset 'train'",
    ),
    "unknown subset": (
        table({**SUBSETS, "farm0": "dev"}),
        "the subset of 'farm0' is 'dev'; choose one of train, validation, test",
    ),
    "no column of subsets": (table(SUBSETS).replace("subset", "part"), "no column 'subset'"),
    "no column of images": (
        table(SUBSETS).replace("image", "tower"),
        "no column 'image' among 'tower', 'subset'; name the columns in the first line",
    ),
    "empty": ("", "empty; it needs a line of column names"),
    "header alone": ("image,subset\n", "no rows below the column names"),
    "ragged": (table(SUBSETS, "lake0,test,0\n"), "not a table"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_split_that_does_not_fit_is_refused_in_one_line(tmp_path, refused, name):
    content, expected = REFUSED[name]
    path = tmp_path / "split.csv"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_split(path, ARCHIVE)
    assert expected in refused(caught.value, path)


def test_a_split_that_does_not_fit_is_told_before_images_are_described(
    mine, attempt, assert_refused
):
    content, expected = REFUSED["overlap"]
    mine.path("my_split.csv").write_text(content)
    mine.configure({"split": {"method": "file", "file": "my_split.csv"}})
    outcome = attempt(mine, "results/mine/rankings/lbp/off_the_shelf.h5")
    assert_refused(
        mine,
        outcome,
        f"my_split.csv: {expected}",
        made={"archive.csv", "attributes.csv", "pixels.json"},
    )


@pytest.mark.parametrize("old_and_new", [(",", ";"), (",", "\t"), ("farm", "mine/farm")])
def test_other_separators_and_paths_do_not_matter(tmp_path, old_and_new):
    path = tmp_path / "split.csv"
    path.write_text(table(SUBSETS).replace(*old_and_new))
    assert read_split(path, ARCHIVE).tolist() == list(SUBSETS.values())


def test_the_order_and_the_marks_of_a_spreadsheet_do_not_matter(tmp_path):
    path = tmp_path / "split.csv"
    header, *rows = table(SUBSETS).splitlines()
    path.write_text("\ufeff" + "\r\n".join([header, *rows[::-1], ""]), newline="")
    assert read_split(path, ARCHIVE).tolist() == list(SUBSETS.values())
