from collections.abc import Callable

import pytest
from whole_run import TARGETS, prepared

from project import Outcome, Project


@pytest.fixture(scope="session")
def undisturbed(made_once: Callable[..., tuple[Project, Outcome]]) -> tuple[Project, float]:
    """A run like those that are killed, that nothing happened to, and the seconds it took."""
    project, outcome = made_once("undisturbed", prepared, *TARGETS, forked=False)
    assert outcome.status == 0, outcome.text
    return project, outcome.seconds
