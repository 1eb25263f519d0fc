from pathlib import Path

import pytest

from project import SMALL, Outcome, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The project as it is cloned: nothing made."""
    return Project.copied_to(tmp_path / "project")


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Outcome]:
    """The default run on fewer images, made once and not to be changed, and what it printed."""
    project = Project.copied_to(tmp_path_factory.mktemp("small") / "project").configure(SMALL)
    return project, project.make()


@pytest.fixture
def finished(small_run: tuple[Project, Outcome], tmp_path: Path) -> Project:
    """A copy of the small run, to change."""
    project, outcome = small_run
    assert outcome.status == 0, outcome.text
    return project.clone(tmp_path / "finished")
