"""A run in shards, which a real engine plans, against the same run in one job per network."""

import h5py
import numpy as np
import pytest
from small_results import BACKBONE, open_array

from project import Project

MODELS = ("off_the_shelf", "multi_label-seed0")
JOINED = "results/sample/descriptors/" + BACKBONE + "/{}.h5"
HANDCRAFTED = "results/sample/descriptors/bovw_sift/off_the_shelf.h5"
SHARD = "results/sample/shards/" + BACKBONE + "/{}/2-of-3.h5"


@pytest.fixture
def sharded(finished: Project) -> Project:
    """The small run, whose extraction is divided from now on: 32, 32 and 41 images."""
    return finished.divide(3)


def test_a_run_in_shards_has_the_same_descriptors(small: Project, sharded: Project) -> None:
    targets = [JOINED.format(model) for model in MODELS]
    first = sharded.make(*targets, "--verbose")
    assert first.status == 0, first.text
    # Ready jobs are weighed when a job ends, and not every second.
    assert 0 < first.text.count("Ready jobs: ") <= sum(first.jobs.values())
    jobs = ("precision", "extract_shard", "finetune", "reextract_shard", "join_shards")
    assert [first.jobs[name] for name in jobs] == [1, 3, 1, 3, 2]
    for model, target in zip(MODELS, targets, strict=True):
        with (
            h5py.File(sharded.path(target)) as joined,
            open_array(small, "descriptors", model) as expected,
        ):
            assert set(joined) == set(expected)
            for name in ("pool", "output"):
                np.testing.assert_array_equal(joined[name][:], expected[name][:])
        with h5py.File(sharded.path(SHARD.format(model))) as shard:
            assert len(shard["pool"]) == 32
    for lost in (SHARD.format("multi_label-seed0"), targets[1]):
        sharded.path(lost).unlink()
    again = sharded.make(*targets)
    assert again.status == 0, again.text
    assert {"extract_shard", "finetune"}.isdisjoint(again.jobs)
    assert again.jobs["reextract_shard"] == 1


def test_handcrafted_descriptors_in_shards_count_the_words_of_one_job(
    small: Project, sharded: Project
) -> None:
    made = sharded.make(HANDCRAFTED)
    assert made.status == 0, made.text
    assert {"visual_words": 1, "describe_shard": 3, "join_shards": 1}.items() <= made.jobs.items()
    with (
        h5py.File(sharded.path(HANDCRAFTED)) as joined,
        open_array(small, "descriptors", "off_the_shelf", "bovw_sift") as expected,
    ):
        np.testing.assert_array_equal(joined["histogram"][:], expected["histogram"][:])
