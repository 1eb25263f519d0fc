import numpy as np
import pandas as pd
import pytest

from rsir.archives.archive_table import FIXED_COLUMNS
from rsir.archives.split_methods import split_archive
from rsir.archives.split_warnings import split_warnings


def archive_of(labels: np.ndarray, digests: list[str] | None = None) -> pd.DataFrame:
    images = [f"i{number}" for number in range(len(labels))]
    fixed = dict.fromkeys(FIXED_COLUMNS, images) | {"scene": "", "width": 1, "height": 1}
    fixed["sha256"] = digests or images
    names = [f"label{column}" for column in range(labels.shape[1])]
    table = pd.DataFrame(labels.astype("uint8"), columns=names)
    return pd.concat([pd.DataFrame(fixed), table], axis="columns")


def subsets(names: str) -> pd.DataFrame:
    """Return a split from a letter per image."""
    subset = [{"t": "train", "v": "validation", "q": "test"}[letter] for letter in names]
    return pd.DataFrame({"image": [f"i{n}" for n in range(len(names))], "subset": subset})


def test_a_sound_split_has_no_warnings():
    archive = archive_of(np.ones((10, 2)))
    assert split_warnings(archive, subsets("ttttttttqq"), test=0.2, validation=0.0) == []


@pytest.mark.parametrize(
    ("names", "digests", "count"),
    [
        ("ttqq", "abac", 2),
        ("ttqq", "abab", 4),
        ("ttqq", "aabc", 0),
        ("tqqq", "abcc", 0),
        ("tvqq", "aabb", 2),
        ("tvqq", "aaab", 3),
    ],
)
def test_copies_in_two_subsets(names, digests, count):
    archive = archive_of(np.ones((4, 1)), list(digests))
    warnings = split_warnings(archive, subsets(names))
    if count == 0:
        assert warnings == []
    else:
        (warning,) = warnings
        assert warning.startswith(f"split: {count} images are byte-identical to one of another")
        assert "'i0' (train) and 'i" in warning


def test_labels_without_training_or_test_images():
    labels = np.array([[1, 1, 0, 0, 1], [1, 1, 0, 0, 1], [1, 0, 1, 0, 1], [1, 0, 1, 0, 1]])
    training, test = split_warnings(archive_of(labels), subsets("ttqq"))
    assert training.startswith("split: 2 of 5 labels are on no training image")
    assert "'label2', 'label3'" in training
    assert test.startswith("split: 2 of 5 labels are on no test image")
    assert "'label1', 'label3'" in test


def test_an_iterative_split_that_misses_its_fraction():
    archive = archive_of(np.repeat(np.eye(20), 3, axis=0))
    split = split_archive(archive, "iterative", test_fraction=0.2)
    (warning,) = split_warnings(archive, split, test=0.2, validation=0.0)
    assert "20 of 60 images (33%) are in the subset 'test', not 20%" in warning
    assert "test_fraction" in warning


@pytest.mark.parametrize(("images", "warnings"), [(20, 0), (25, 0), (27, 1), (13, 1)])
def test_a_share_is_far_from_the_request_by_more_than_five_points(images, warnings):
    archive = archive_of(np.ones((100, 1)))
    split = subsets("q" * images + "t" * (100 - images))
    assert len(split_warnings(archive, split, test=0.2)) == warnings


def test_one_image_more_or_less_is_not_far():
    assert split_warnings(archive_of(np.ones((4, 1))), subsets("tttq"), test=0.4) == []
