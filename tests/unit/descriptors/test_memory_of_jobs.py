"""Memory of jobs that copy or combine descriptors: it is that of a block, not of the archive."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import derive
import ensemble
import join_shards
from rsir.archives.archive_table import write_archive
from rsir.core import hdf5
from rsir.core.hdf5 import array_file
from rsir.core.origin import digests, method_of
from rsir.descriptors import descriptor_files, shards
from rsir.descriptors.shards import SHARD_ROWS, shard_slices

DIMENSION, BLOCK, TRAIN = 2048, 64, 32
FEW, MANY = SHARD_ROWS, 8 * SHARD_ROWS
METHOD = method_of("own", "net", "off_the_shelf")


@pytest.fixture(autouse=True)
def _blocks_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5, "SPAN_ROWS", BLOCK)
    monkeypatch.setattr(descriptor_files, "SPAN_ROWS", BLOCK)
    monkeypatch.setattr(shards, "COPIED_ROWS", BLOCK)


def write_inputs(folder: Path, images: int) -> None:
    """Write an archive, its split, its descriptors, and the same in two shards."""
    names = [f"tile{number}" for number in range(images)]
    table = pd.DataFrame({"image": names, "path": names, "scene": "port", "width": 8, "height": 8})
    write_archive(table.assign(sha256="0" * 64, sea=1), folder / "archive.csv")
    subset = np.where(np.arange(images) < TRAIN, "train", "test")
    pd.DataFrame({"image": names, "subset": subset}).to_csv(folder / "split.csv", index=False)
    facts = METHOD | digests({"archive": folder / "archive.csv"})
    vectors = np.random.default_rng(0).standard_normal((images, DIMENSION), np.float32)
    parts = zip(("one", "two"), shard_slices(images, 2), strict=True)
    for part, rows in (("all", slice(None)), *parts):
        with array_file(folder / f"{part}.h5", names[rows], facts) as file:
            if len(vectors[rows]):
                file.append("pool", vectors[rows])


def derive_codes(folder: Path) -> None:
    derive.main(
        archive=folder / "archive.csv",
        split=folder / "split.csv",
        descriptors=folder / "all.h5",
        models=None,
        method=METHOD,
        definitions={"codes": {"from": "pool", "steps": [{"pca": 8}, {"binarize": "sign"}]}},
        name="codes",
        similarity="cosine",
        expansion=None,
        derived=folder / "derived.h5",
    )


def join_members(folder: Path) -> None:
    ensemble.main(
        archive=folder / "archive.csv",
        members=[folder / "all.h5"] * 2,
        names=["pool"] * 2,
        are_probabilities=False,
        method=method_of("own", "twice", "ensemble"),
        descriptors=folder / "joined.h5",
    )


def join_two_shards(folder: Path) -> None:
    join_shards.main(
        folder / "archive.csv", [folder / "one.h5", folder / "two.h5"], folder / "joined.h5"
    )


@pytest.mark.parametrize("job", [derive_codes, join_members, join_two_shards])
def test_it_does_not_grow_with_the_archive(job: Callable[[Path], None], tmp_path: Path) -> None:
    peaks = []
    for images in (FEW, MANY, FEW, MANY):  # the first two import what they need
        folder = tmp_path / str(images)
        if not folder.exists():
            folder.mkdir()
            write_inputs(folder, images)
        tracemalloc.start()
        job(folder)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    growth = peaks[-1] - peaks[-2]
    assert growth < 0.2 * (MANY - FEW) * DIMENSION * np.dtype(np.float32).itemsize
