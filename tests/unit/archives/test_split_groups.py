import numpy as np
import pandas as pd
import pytest

from rsir.archives.split_groups import (
    attribute_groups,
    block_groups,
    chains_of_duplicates,
    divide_groups,
    divided_groups,
    joined_groups,
)
from rsir.archives.split_methods import split_archive
from rsir.core.errors import InputError

RANDOM = np.random.default_rng(0)
GROUPS = np.sort(RANDOM.integers(0, 80, 400))
_, GROUPS = np.unique(GROUPS, return_inverse=True)
LABELS = RANDOM.random((400, 6)) < [0.5, 0.3, 0.2, 0.1, 0.1, 0.05]


@pytest.fixture
def archive():
    names = [f"{number:03}" for number in range(400)]
    scene = np.repeat(["a", "b", "c", "d"], 100)
    table = pd.DataFrame({"image": names, "path": names, "scene": scene, "width": 1, "height": 1})
    return table.assign(sha256="", **{f"l{column}": LABELS[:, column] for column in range(6)})


@pytest.mark.parametrize("method", ["leading", "stratified", "iterative", "blocks"])
def test_groups_are_kept_in_one_subset_by_every_method(archive, method):
    split = split_archive(archive, method, 0.3, 0.1, groups=GROUPS)
    subsets = pd.DataFrame({"group": GROUPS, "subset": split["subset"]}).drop_duplicates()
    assert subsets["group"].is_unique
    assert set(split["subset"]) == {"train", "validation", "test"}


def test_shares_and_labels_are_as_close_to_the_request_as_groups_allow():
    subset = divide_groups(LABELS, GROUPS, {"test": 0.3, "validation": 0.1}, seed=0)
    assert np.mean(subset == "test") == pytest.approx(0.3, abs=0.02)
    assert np.mean(subset == "validation") == pytest.approx(0.1, abs=0.02)
    shares = LABELS[subset == "test"].sum(0) / LABELS.sum(0)
    np.testing.assert_allclose(shares, 0.3, atol=0.08)


def test_groups_that_share_an_image_are_joined():
    groups = joined_groups(np.array([0, 0, -1, -1, 1]), np.array([-1, 5, 5, -1, 2]))
    assert groups[0] == groups[1] == groups[2]
    assert len({groups[0], groups[3], groups[4]}) == 3


def test_images_without_a_value_are_groups_of_their_own():
    attributes = pd.DataFrame({"image": list("abcd"), "flight": ["x", "", "x", ""]})
    groups = joined_groups(attribute_groups(attributes, "flight"))
    assert groups[0] == groups[2]
    assert len(set(groups)) == 3
    with pytest.raises(InputError, match=r"split\.groups: .* no attribute 'parcel', only 'flight'"):
        attribute_groups(attributes, "parcel")


def test_blocks_are_cells_of_the_stated_size():
    # At 60° north, a degree of longitude is about 55.6 km, and one of latitude 111.2 km.
    place = {"longitude": ["10.01", "10.05", "10.9"], "latitude": ["60.3", "60.31", "60.3"]}
    attributes = pd.DataFrame({"image": list("abc"), **place})
    groups = block_groups(attributes, 20)
    assert groups[0] == groups[1] != groups[2]
    with pytest.raises(InputError, match="blocks: 1 of 3 images have no place on Earth, first 'b'"):
        block_groups(attributes.assign(latitude=["60", "", "60"]), 20)


def test_divided_and_large_groups_are_warnings():
    groups = np.repeat(np.arange(100), 2)
    subset = np.tile(["train", "train", "test", "test"], 50)
    assert divided_groups(groups, subset) == []
    subset[:2] = "train", "test"
    (divided,) = divided_groups(groups, subset)
    assert "1 group of images in several subsets" in divided
    assert chains_of_duplicates(groups // 5) == []
    (chain,) = chains_of_duplicates(groups // 6)
    assert "a group of duplicates holds 12 of 200 images" in chain
