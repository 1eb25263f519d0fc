import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from threadpoolctl import threadpool_limits

from project import CORES, SMALL, Outcome, Project

# These take longest: they start first, and what is left at the end is short. A worker of
# pytest-xdist holds the next file while it runs one, so that short ones follow the longest.
LONGEST = (
    "test_slurm.py",
    "test_archive_of_a_run.py",  # the first that needs the small run
    "test_kills.py",
    "test_arrays_of_a_run.py",
    "test_scores_of_a_run.py",
    "test_slurm_jobs.py",
    "test_refused_inputs.py",
    "test_repetition.py",
    "test_networks.py",
    "test_bands.py",
    "test_named_archives.py",
    "test_storage.py",
    "test_style.py",
    "test_provenance_of_a_run.py",
    "test_studies_of_a_run.py",
    "test_run_in_shards.py",
    "test_make.py",
    "test_own_archives.py",
    "test_query_images.py",
    "test_rerun.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by file, the longest first."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(LONGEST)))


@pytest.fixture(scope="session", autouse=True)
def one_thread_of_blas() -> Iterator[None]:
    """Threads of BLAS that wait for each other while other tests compute take twice as long."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The project as it is cloned, without results."""
    return Project.copied_to(tmp_path / "project")


@pytest.fixture(scope="session")
def made_once(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[..., tuple[Project, Outcome]]:
    """Return a function that makes targets in a prepared folder, once for all workers."""

    def make(
        name: str, prepare: Callable[[Path], Project], *targets: str, forked: bool = True
    ) -> tuple[Project, Outcome]:
        base = tmp_path_factory.getbasetemp()
        folder = (base if worker_id == "master" else base.parent) / name
        record = folder / "outcome.json"
        with FileLock(f"{folder}.lock"):  # the first worker that needs it makes it
            if record.exists():
                return Project(folder / "project"), Outcome(**json.loads(record.read_text()))
            project = prepare(folder / "project")
            outcome = (
                project.make(*targets)
                if forked
                else project.finish(project.start(*targets, *CORES))
            )
            record.write_text(json.dumps({"status": outcome.status, "text": outcome.text}))
            return project, outcome

    return make


@pytest.fixture(scope="session")
def small_run(made_once: Callable[..., tuple[Project, Outcome]]) -> tuple[Project, Outcome]:
    """The default run on fewer images, which tests must not change, and its output.

    Snakemake starts as a user starts it.
    """
    return made_once(
        "small", lambda folder: Project.copied_to(folder).configure(SMALL), forked=False
    )


@pytest.fixture
def finished(small_run: tuple[Project, Outcome], tmp_path: Path) -> Project:
    """A copy of the small run, which a test may change."""
    project, outcome = small_run
    assert outcome.status == 0, outcome.text
    return project.clone(tmp_path / "finished")
