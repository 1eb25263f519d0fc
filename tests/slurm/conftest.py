"""A real SLURM for the tests, where its programs are."""

import os
from collections.abc import Iterator

import pytest
from cluster import Cluster, missing_programs, running_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Two nodes of 8 processors; where SLURM is not installed, skip, or fail if it has to be."""
    if missing := missing_programs():
        message = (
            f"SLURM is not installed (no {', '.join(missing)}); "
            "on Debian: apt-get install slurmctld slurmd slurm-client munge"
        )
        if "SLURM_REQUIRED" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    with running_cluster(cpus=8) as running:
        yield running
