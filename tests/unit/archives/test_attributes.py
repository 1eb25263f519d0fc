"""The attributes of images, and the official split and the places among them."""

import numpy as np
import pandas as pd
import pytest

from rsir.archives.attributes import official_split, places, read_attributes
from rsir.archives.split_methods import split_archive
from rsir.core.errors import InputError


def table(**columns):
    return pd.DataFrame({"image": ["a", "b", "c"], **columns})


def test_attributes_belong_to_the_images(tmp_path):
    path = tmp_path / "attributes.csv"
    table(country=["NA", "", "PT"]).to_csv(path, index=False)
    assert read_attributes(path, ["a", "b", "c"])["country"].tolist() == ["NA", "", "PT"]
    with pytest.raises(InputError, match="belongs to other images; delete it"):
        read_attributes(path, ["a", "c", "b"])


def test_the_official_split_is_the_one_stated(archive):
    subsets = ["train", "test", "validation"] * 3
    attributes = pd.DataFrame({"image": archive["image"], "split": subsets})
    split = split_archive(archive, "official", attributes=attributes)
    assert split["subset"].tolist() == subsets


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "the archive has no official split, or its lists are not below the root"),
        ({"split": ["train", "", "test"]}, "1 of 3 images are in none of the subsets .* first 'b'"),
        ({"split": ["train", "val", "test"]}, "1 of 3 images are in none of the subsets"),
        ({"split": ["train", "train", "train"]}, "no image is in the subset 'test'"),
        ({"split": ["test", "validation", "test"]}, "no image is in the subset 'train'"),
    ],
)
def test_no_official_split_is_one_line(columns, message):
    with pytest.raises(InputError, match=message) as raised:
        official_split(table(**columns))
    assert "\n" not in str(raised.value)


def test_places_are_degrees_or_unknown():
    known = places(table(longitude=["7.5", "", "180"], latitude=["50", "", "-90"]))
    assert known[[0, 2]].tolist() == [[7.5, 50], [180, -90]]
    assert np.isnan(known[1]).all()
    half = places(table(longitude=["7.5", "8", ""], latitude=["50", "", "2"]))
    assert np.isnan(half).sum(axis=1).tolist() == [0, 2, 2]
    assert np.isnan(places(table())).all()


@pytest.mark.parametrize("value", ["181", "east", "nan", "inf"])
def test_a_place_that_is_no_degrees_is_refused(value):
    with pytest.raises(InputError, match=f"longitude of 'b' is '{value}', not degrees"):
        places(table(longitude=["1", value, "3"], latitude=["1", "2", "3"]))
