"""Shards of an archive: their rows, their activations, and the descriptors joined from them."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.core.errors import InputError
from rsir.core.hdf5 import readable
from rsir.descriptors import shards
from rsir.descriptors.activations import open_source
from rsir.descriptors.descriptor_files import open_sharded_activations, read_descriptors
from rsir.descriptors.extraction import extract_to_files
from rsir.descriptors.network_inputs import NetworkInputs
from rsir.descriptors.shards import (
    join_shards,
    shard_slice,
    shard_slices,
    suggest_shards,
)
from rsir.networks.backbone import Backbone
from rsir.networks.precision import NotFiniteError, in_recorded_precision
from rsir.networks.processor import Processor

CPU = Processor(torch.device("cpu"), batch_size=2)

Extracted = tuple[list[Path], list[Path], list[str]]


@given(count=st.integers(1, 2000), number=st.integers(1, 9))
def test_shards_are_consecutive_multiples_of_whole_batches(count: int, number: int) -> None:
    rows = [np.arange(count)[one] for one in shard_slices(count, number)]
    assert np.concatenate(rows).tolist() == list(range(count))
    assert all(one[0] % shards.SHARD_ROWS == 0 for one in rows if len(one))
    assert shard_slice(count, f"{number}-of-{number}") == shard_slices(count, number)[-1]


def test_shards_are_suggested_for_large_archives_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    suggest_shards(2 * shards.LARGE_SHARD - 1)
    assert not caplog.messages
    suggest_shards(549_488)
    (message,) = caplog.messages
    assert "549488 images" in message
    assert "extraction.shards: 10" in message


@pytest.fixture
def extract_in(
    small: Backbone, archive: pd.DataFrame, root: Path, tmp_path: Path, monkeypatch
) -> Callable[[int], Extracted]:
    """Return a function that extracts nine images in some number of shards of whole pairs."""
    monkeypatch.setattr(shards, "SHARD_ROWS", 2)

    def extract(number: int) -> Extracted:
        descriptors = [tmp_path / f"{number}" / f"d{part}.h5" for part in range(number)]
        activations = [path.with_name(f"a{path.name}") for path in descriptors]
        for rows, *files in zip(
            shard_slices(len(archive), number), descriptors, activations, strict=True
        ):
            part = archive.iloc[rows]
            images = ArchiveImages(root, part["path"], PICTURES)
            extract_to_files(NetworkInputs(part, images, small, {}), 0, CPU, *files)
        return descriptors, activations, list(archive["image"])

    return extract


@pytest.mark.parametrize("number", [3, 7])
def test_the_descriptors_of_shards_are_those_of_one_pass(
    extract_in: Callable[[int], Extracted], tmp_path: Path, number: int
) -> None:
    (whole,), _, images = extract_in(1)
    parts, _, _ = extract_in(number)
    join_shards(parts, images, {"backbone": "small"}, tmp_path / "joined.h5")
    joined, expected = (
        read_descriptors(tmp_path / "joined.h5", images),
        read_descriptors(whole, images),
    )
    assert joined.keys() == expected.keys() == {"pool", "output"}
    for name, values in joined.items():
        np.testing.assert_array_equal(values, expected[name])


@pytest.mark.parametrize("number", [3, 7])
def test_activations_of_shards_are_read_like_those_of_one_file(
    extract_in: Callable[[int], Extracted],
    small: Backbone,
    archive: pd.DataFrame,
    number: int,
) -> None:
    _, (whole,), _ = extract_in(1)
    _, parts, _ = extract_in(number)
    rows = [np.arange(9), np.array([7, 0, 3]), np.arange(1, 6)]
    with (
        open_source(whole, archive, [], small, 0, CPU) as one,
        open_source(parts, archive, [], small, 0, CPU) as several,
    ):
        for actual, expected in zip(several.batches(rows), one.batches(rows), strict=True):
            assert all(map(torch.equal, actual, expected))


def test_shards_of_other_images_are_refused(
    extract_in: Callable[[int], Extracted], tmp_path: Path
) -> None:
    (first, *others), activations, images = extract_in(3)
    with pytest.raises(InputError, match="holds other images; delete it and run again"):
        join_shards([*others, first], images, {}, tmp_path / "joined.h5")
    with (
        pytest.raises(InputError, match="holds other images"),
        open_sharded_activations([(activations[1], images[:4])]),
        readable(activations[1]),
    ):
        pass


def test_values_too_large_for_the_recorded_type_are_refused() -> None:
    with (
        pytest.raises(InputError, match=r"too large, or set extraction\.shards to 1"),
        in_recorded_precision(),
    ):
        raise NotFiniteError("too large")
