"""A real SLURM for the tests, where its programs are."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from cluster import Cluster, missing_programs, running_cluster


@pytest.fixture(scope="session")
def start_cluster() -> Callable[..., AbstractContextManager[Cluster]]:
    """Return what starts a cluster; where SLURM is not installed, skip, or fail if it has to be."""
    if missing := missing_programs():
        message = (
            f"SLURM is not installed (no {', '.join(missing)}); "
            "on Debian: apt-get install slurmctld slurmd slurm-client munge"
        )
        if "SLURM_REQUIRED" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    return running_cluster


@pytest.fixture(scope="module")
def cluster(start_cluster: Callable[..., AbstractContextManager[Cluster]]) -> Iterator[Cluster]:
    """Two nodes of 8 processors, the first with two GPUs."""
    with start_cluster(cpus=8, gpus=2) as running:
        yield running
