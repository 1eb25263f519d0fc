"""A run in shards, which a real engine plans, against the same run in one job per network."""

import h5py
import numpy as np
import pytest
from small_results import BACKBONE, open_array

from project import Project

SHARDED = "results/{}/descriptors/" + BACKBONE + "/off_the_shelf.h5"


@pytest.fixture
def sharded(finished: Project) -> Project:
    """The small run, whose extraction is divided from now on."""
    return finished.configure({"extraction": {"shards": 3}})


def test_a_run_in_shards_has_the_same_descriptors(small: Project, sharded: Project) -> None:
    target = SHARDED.format("sample")
    shard = sharded.path(f"results/sample/shards/{BACKBONE}/off_the_shelf/1-of-3.h5")
    first = sharded.make(target)
    assert first.status == 0, first.text
    assert {name: first.jobs[name] for name in ("extract_shard", "join_shards")} == {
        "extract_shard": 3,
        "join_shards": 1,
    }
    with (
        h5py.File(sharded.path(target)) as joined,
        open_array(small, "descriptors", "off_the_shelf") as expected,
    ):
        assert set(joined) == set(expected)
        for name in ("pool", "output"):
            np.testing.assert_array_equal(joined[name][:], expected[name][:])
    for lost in (shard, sharded.path(target)):
        lost.unlink()
    again = sharded.make(target)
    assert again.status == 0, again.text
    assert again.jobs["extract_shard"] == 1
