"""What the tests of the cluster share: submitting runs and waiting for what they make."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cluster import Cluster, wait_until

from project import CORES, LIMIT_SECONDS, Outcome, Project

# Soon, since nothing is shared and nobody else is on the cluster.
PROFILE = (
    *("--workflow-profile", "workflow/profiles/slurm", "--latency-wait", "5"),
    *("--slurm-init-seconds-before-status-checks", "1"),
)
# The plugin checks its jobs after 1 s, then 11, 21 …, and 1 s after one has ended.
PATIENCE_SECONDS = LIMIT_SECONDS
THREADS = CORES[2:]


def submit(project: Project, cluster: Cluster, *arguments: str) -> Outcome:
    """Submit, and wait for the end; Snakemake, on the nodes too, and its scripts are forks."""
    return project.finish(
        project.start(*arguments, *PROFILE, environment=cluster.environment, forked=True)
    )


def submitted_since(cluster: Cluster, before: list[dict[str, str]]) -> list[dict[str, str]]:
    return cluster.jobs()[len(before) :]


@contextmanager
def started(
    project: Project, cluster: Cluster, *arguments: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Submit, and see to it that Snakemake has ended at the end.

    All processes are those of a user, so that they can be killed like these.
    """
    running = project.start(*arguments, *PROFILE, environment=cluster.environment)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def wait_for(
    project: Project, running: subprocess.Popen[bytes], made: Callable[[], bool], what: str
) -> None:
    """Wait for something that a run makes; fail with its output if it ends before."""
    wait_until(lambda: made() or running.poll() is not None, what, PATIENCE_SECONDS)
    assert made(), project.printed()
