"""What every input must come to: a result, or one line that begins with what is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
import torch

from rsir.core.errors import InputError

Result = TypeVar("Result")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Threads of torch that wait for each other on a busy machine take ten times as long."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for files that each example writes anew."""
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="session")
def attempt() -> Callable[..., object]:
    """Return what gives the result of a call, or None where it refuses its input in one line."""

    def call(subject: object, function: Callable[..., Result], *given: object) -> Result | None:
        try:
            return function(*given)
        except InputError as error:
            message = str(error)
        assert message.startswith(str(subject))
        assert len(message.splitlines()) == 1
        return None

    return call
