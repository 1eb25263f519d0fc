"""Splits of arbitrary archives, by all methods and with arbitrary fractions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsir.archives.archive_table import FIXED_COLUMNS
from rsir.archives.split_file import SUBSETS
from rsir.archives.split_methods import split_archive

Attempt = Callable[..., Any]

SEED = 7


def archive_of(labels: np.ndarray, scenes: list[str]) -> pd.DataFrame:
    images = [f"image {number}" for number in range(len(labels))]
    fixed = pd.DataFrame(dict.fromkeys(FIXED_COLUMNS, images) | {"scene": scenes})
    return pd.concat([fixed, pd.DataFrame(labels.astype("uint8"))], axis="columns")


@st.composite
def archives(draw: st.DrawFn) -> pd.DataFrame:
    images = draw(st.integers(1, 60))
    labels = draw(arrays(np.bool_, (images, draw(st.integers(1, 5))), fill=st.booleans()))
    names = draw(st.sampled_from([[""], ["port"], ["port", "farm"], ["port", "farm", "city", "0"]]))
    scenes = draw(st.lists(st.sampled_from(names), min_size=images, max_size=images))
    return archive_of(labels, scenes)


ORDINARY = archive_of(np.eye(40, 3, dtype=bool), ["port", "farm"] * 20)
fractions = (
    st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.0, 1 / 3, 2 / 3])
    | st.floats(0, 1)
    | st.sampled_from([float("nan"), float("inf"), -0.1, 1.0, 1e-12, 5e-324, 1 - 1e-12])
)
methods = st.sampled_from(["leading", "stratified", "iterative"])
seeds = st.integers(0, 3) | st.sampled_from([2**32 - 1, 2**32, 2**70])


@settings(deadline=None, max_examples=200, derandomize=True)
@given(archives(), methods, fractions, fractions, seeds)
@example(ORDINARY, "leading", float("nan"), 0.0, 0)
@example(ORDINARY, "iterative", 0.2, float("nan"), 0)
@example(ORDINARY, "leading", 1e-12, 0.0, 0)
@example(ORDINARY, "stratified", 1 - 1e-12, 0.0, 0)
@example(ORDINARY, "leading", 0.3333333333, 0.6666666666, 0)
def test_a_split_is_a_partition_of_the_requested_sizes_or_is_refused(
    attempt: Attempt, archive: pd.DataFrame, method: str, test: float, validation: float, seed: int
) -> None:
    split = attempt("split", split_archive, archive, method, test, validation, seed)
    if split is None:
        return
    assert list(split.columns) == ["image", "subset"]
    assert split["image"].equals(archive["image"])
    fractions_by_subset = {"test": test, "validation": validation}
    size = split["subset"].value_counts().reindex(SUBSETS, fill_value=0)
    assert size.sum() == len(archive)
    assert size["train"] > 0
    for name, fraction in fractions_by_subset.items():
        assert (size[name] > 0) == (fraction > 0)
        if method == "stratified":
            assert size[name] == round(fraction * len(archive))
        if method == "iterative":  # may deviate by one image per label, plus one
            assert abs(size[name] - fraction * len(archive)) <= archive.shape[1] - 4
    for _, scene in split.groupby(archive["scene"]):
        for name, fraction in fractions_by_subset.items():
            count = (scene["subset"] == name).sum()
            if method == "leading":
                assert count == round(fraction * len(scene))
            if method == "stratified":
                assert abs(count - fraction * len(scene)) < 2
        if method == "leading":
            assert scene["subset"].map(SUBSETS.index).is_monotonic_increasing


@settings(deadline=None, max_examples=60, derandomize=True)
@given(archives(), methods, st.sampled_from([0.0, 0.1, 0.25]))
def test_a_split_does_not_depend_on_names(
    attempt: Attempt, archive: pd.DataFrame, method: str, validation: float
) -> None:
    split = attempt("split", split_archive, archive, method, 0.25, validation, SEED)
    scenes = archive["scene"].map({"": "", "port": "q", "farm": "g", "city": "d", "0": "1"})
    renamed = archive.assign(image=archive["image"] + "?", scene=scenes).rename(columns=str)
    again = attempt("split", split_archive, renamed, method, 0.25, validation, SEED)
    assert (again is None) == (split is None)
    assert split is None or again["subset"].equals(split["subset"])


@pytest.mark.parametrize("method", ["leading", "stratified", "iterative"])
@settings(deadline=None, max_examples=40, derandomize=True)
@given(archives())
def test_a_split_is_the_same_when_read_from_its_file(
    folder: Path, attempt: Attempt, method: str, archive: pd.DataFrame
) -> None:
    split = attempt("split", split_archive, archive, method, 0.25, 0.2, SEED)
    if split is not None:
        split.to_csv(folder / "split.csv", index=False)
        again = split_archive(archive, "file", file=folder / "split.csv")
        pd.testing.assert_frame_equal(again, split)
