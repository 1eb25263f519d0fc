"""What is tried, and what a refusal looks like."""

from collections.abc import Callable, Collection
from pathlib import Path

import pytest
import torch
from own_archive import with_own_archive

from project import Outcome, Project


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Threads of torch that wait for each other on a busy machine take ten times as long."""
    torch.set_num_threads(1)


@pytest.fixture
def mine(project: Project) -> Project:
    """The project with ten images of two scenes, and a good table of their labels."""
    return with_own_archive(project)


@pytest.fixture
def attempt() -> Callable[..., Outcome]:
    """Return what makes targets with one core."""

    def make(project: Project, *targets: str) -> Outcome:
        return project.run("--cores", "1", *targets)

    return make


@pytest.fixture
def assert_refused() -> Callable[..., None]:
    """Return what insists on one line with these parts, and on nothing made but what is named."""

    def check(project: Project, outcome: Outcome, *parts: str, made: Collection[str] = ()) -> None:
        assert outcome.status != 0
        (line,) = outcome.errors
        assert outcome.text.splitlines()[-1] == f"Error: {line}"
        for part in parts:
            assert part in line
        assert "Traceback" not in outcome.text
        assert project.made() == {f"results/mine/{path}" for path in made}

    return check


@pytest.fixture
def refused() -> Callable[[Exception, Path], str]:
    """Return what insists that an error is one line which begins with the file."""

    def check(error: Exception, path: Path) -> str:
        message = str(error)
        assert message.startswith(f"{path}: ")
        assert "\n" not in message
        return message

    return check
