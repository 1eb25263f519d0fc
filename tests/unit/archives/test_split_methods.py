import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from project import SHARED
from rsir.archives.archive_table import FIXED_COLUMNS, label_matrix
from rsir.archives.split_file import SUBSETS, read_split
from rsir.archives.split_methods import split_archive
from rsir.core.errors import InputError


def archive_of(scenes: list[str], labels: np.ndarray | None = None) -> pd.DataFrame:
    """Return the table of an archive; default labels are four random ones."""
    if labels is None:
        labels = np.random.default_rng(len(scenes)).random((len(scenes), 4)) < 0.4
    images = [f"{number:04}" for number in range(len(scenes))]
    fixed = dict.fromkeys(FIXED_COLUMNS, images) | {"scene": scenes, "width": 1, "height": 1}
    return pd.concat([pd.DataFrame(fixed), pd.DataFrame(labels.astype("uint8"))], axis="columns")


def sizes(split: pd.DataFrame) -> list[int]:
    return [int((split["subset"] == name).sum()) for name in SUBSETS]


def test_leading_split_of_a_small_archive():
    archive = archive_of(list("aabbaabbabab"))  # six of each, mixed
    split = split_archive(archive, "leading", test_fraction=0.3, validation_fraction=0.2)
    # round(6 × 0.3) = 2 test images, round(6 × 0.2) = 1 validation image
    for scene in "ab":
        subset = split["subset"][archive["scene"] == scene].tolist()
        assert subset == ["train", "train", "train", "validation", "test", "test"]
    assert split["image"].tolist() == archive["image"].tolist()


def test_leading_on_uc_merced_is_the_split_of_the_thesis():
    archive = archive_of([f"scene{number // 100}" for number in range(2100)])
    split = split_archive(archive, "leading", test_fraction=0.2)
    tests = np.arange(2100) % 100 >= 80
    assert np.array_equal(split["subset"] == "test", tests)
    assert np.array_equal(split["subset"] == "train", ~tests)


scene_sizes = st.lists(st.integers(10, 40), min_size=2, max_size=6)
fractions = st.tuples(st.floats(0.15, 0.4), st.sampled_from([0.0, 0.1, 0.3]))
methods = st.sampled_from(["leading", "stratified", "iterative"])


@settings(deadline=None, derandomize=True)
@given(scene_sizes, fractions, methods, st.integers(0, 5))
def test_a_split_is_a_partition_with_about_these_fractions(counts, fractions, method, seed):
    scenes = [f"s{index}" for index, images in enumerate(counts) for _ in range(images)]
    archive = archive_of(scenes)
    split = split_archive(archive, method, *fractions, seed)
    assert split["image"].tolist() == archive["image"].tolist()
    assert set(split["subset"]) == {"train", "test"} | ({"validation"} if fractions[1] else set())
    # leading rounds per scene, stratified once; iterative only approximates the sizes.
    slack = {"leading": 0.5 * len(counts), "stratified": 0.5, "iterative": 8.0}[method]
    for name, fraction in zip(("test", "validation"), fractions, strict=True):
        assert abs((split["subset"] == name).sum() - fraction * len(scenes)) <= slack + 1e-9
    if method != "iterative":
        table = pd.crosstab(archive["scene"], split["subset"])
        assert np.abs(table["test"] - fractions[0] * np.array(counts)).max() <= 1.0 + 1e-9


@settings(deadline=None, derandomize=True)
@given(methods, st.integers(0, 2**32 - 1))
def test_the_seed_decides(method, seed):
    archive = archive_of(["a", "b", "c"] * 40)
    first = split_archive(archive, method, 0.2, 0.1, seed)
    pd.testing.assert_frame_equal(first, split_archive(archive, method, 0.2, 0.1, seed))
    other = split_archive(archive, method, 0.2, 0.1, (seed + 1) % 2**32)
    assert first.equals(other) == (method == "leading")


def test_iterative_keeps_rare_labels_in_proportion():
    rng = np.random.default_rng(0)
    labels = rng.random((600, 6)) < [0.5, 0.3, 0.2, 0.1, 0.05, 0.02]
    split = split_archive(archive_of([""] * 600, labels), "iterative", 0.25, seed=3)
    test_counts = labels[split["subset"] == "test"].sum(axis=0)
    assert np.abs(test_counts - 0.25 * labels.sum(axis=0)).max() <= 2


def test_iterative_accepts_images_without_labels():
    archive = archive_of([""] * 20, np.zeros((20, 3), dtype=bool))
    assert sizes(split_archive(archive, "iterative", 0.25)) == [15, 0, 5]


@pytest.mark.parametrize("share", [0.1, 0.3, 1.0])
def test_iterative_splits_by_one_label(share):
    labels = (np.arange(50) < 50 * share)[:, None]
    split = split_archive(archive_of([""] * 50, labels), "iterative", 0.2)
    tests = (split["subset"] == "test").to_numpy()
    assert tests.sum() == 10
    assert labels[tests].sum() == 10 * share


@pytest.mark.parametrize(("labels", "singles"), [(60, "60 of 60"), (30, "30 of 30")])
def test_labels_on_one_image_each_cannot_be_divided(labels, singles):
    with pytest.raises(InputError, match=f"since {singles} labels are on one image only; choose"):
        split_archive(archive_of([""] * labels, np.eye(labels)), "iterative", 0.2)


def test_real_labels_split_iteratively():
    path = SHARED / "reference" / "LandUse_Multilabeled.txt"
    if not path.is_file():
        pytest.skip("the label file of UC Merced is not available")
    labels = pd.read_csv(path, sep="\t", index_col=0).to_numpy(dtype=bool)
    archive = archive_of([""] * len(labels), labels)
    is_test = (split_archive(archive, "iterative", 0.2)["subset"] == "test").to_numpy()
    share = label_matrix(archive)[is_test].sum(axis=0) / labels.sum(axis=0)
    assert np.allclose(share, 0.2, atol=0.02)
    assert is_test.sum() == pytest.approx(420, abs=17)


@pytest.mark.parametrize("method", ["leading", "stratified"])
def test_a_too_small_scene_is_named(method):
    archive = archive_of(["a"] * 20 + ["b"] * 4)
    with pytest.raises(InputError, match="scene 'b' has 4 images and needs 6 for one in each"):
        split_archive(archive, method, test_fraction=0.1)  # round(5 × 0.1) = 0
    assert sizes(split_archive(archive, method, test_fraction=0.2))[2] == 5


@pytest.mark.parametrize("method", ["leading", "stratified"])
def test_scenes_are_required(method):
    with pytest.raises(InputError, match=f"split.method: {method} .* iterative or file"):
        split_archive(archive_of([""] * 20), method)


def test_fewer_test_images_than_scenes_cannot_be_stratified():
    archive = archive_of([f"s{number % 10}" for number in range(30)])
    with pytest.raises(InputError, match=r"split: cannot draw .* test .* number of classes = 10"):
        split_archive(archive, "stratified", test_fraction=0.2)


@pytest.mark.parametrize("method", ["leading", "stratified", "iterative"])
@pytest.mark.parametrize("fractions", [(0.0, 0.1), (0.7, 0.3), (0.2, -0.1), (1.0, 0.0)])
def test_fractions_that_leave_no_images_are_refused(method, fractions):
    with pytest.raises(InputError, match=r"split: test_fraction .* leave no images"):
        split_archive(archive_of(["a"] * 20), method, *fractions)


def test_a_too_small_archive_for_iterative_is_refused():
    with pytest.raises(InputError, match="split: "):
        split_archive(archive_of([""] * 2), "iterative", test_fraction=0.2)


def test_a_split_is_read_as_it_was_written(tmp_path):
    archive = archive_of(["a", "b"] * 20)
    split = split_archive(archive, "stratified", 0.2, 0.1)
    split.sample(frac=1, random_state=0).to_csv(tmp_path / "split.csv", index=False)
    assert read_split(tmp_path / "split.csv", archive).tolist() == split["subset"].tolist()
    again = split_archive(archive, "file", file=tmp_path / "split.csv")
    pd.testing.assert_frame_equal(again, split)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("image,subset\n0000,train\n0001,test\n", "1 of the archive's 3 images .*: '0002'"),
        ("image,subset\n0000,train\n0001,test\n0002,test\nx,test\n", "1 of 4 rows .*: 'x'"),
        ("image,subset\n0000,train\n0001,test\n0001,test\n", "rows 2 and 3 both name .*'0001'"),
        ("image,subset\n0000,train\n0001,test\n0002,val\n", "'0002' is 'val'; choose one of train"),
        ("image,subset\n0000,train\n0001,train\n0002,train\n", "in the subset 'test'"),
        ("image,subset\n0000,test\n0001,test\n0002,test\n", "in the subset 'train'"),
        ("image,part\n0000,train\n", "no column 'subset'"),
        ("", "empty"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, content, expected):
    path = tmp_path / "split.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=rf"split\.csv: .*{expected}"):
        split_archive(archive_of([""] * 3), "file", file=path)


def test_a_missing_split_file_is_refused():
    with pytest.raises(InputError, match=r"split\.file: missing"):
        split_archive(archive_of([""] * 3), "file")
