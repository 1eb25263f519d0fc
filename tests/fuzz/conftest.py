"""Fixtures of the fuzz tests: every input gives a result or a one-line error message."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import torch

from rsir.core.errors import InputError
from rsir.search import exact

Result = TypeVar("Result")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Use one torch thread: waiting threads slow down the tests tenfold on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for files that every example overwrites."""
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="session")
def attempt() -> Callable[..., object]:
    """Return a function that calls another; its result is None after a one-line InputError.

    The message has to start with the subject.
    """

    def call(subject: object, function: Callable[..., Result], *arguments: object) -> Result | None:
        try:
            return function(*arguments)
        except InputError as error:
            message = str(error)
        assert message.startswith(str(subject))
        assert len(message.splitlines()) == 1
        return None

    return call


@pytest.fixture(scope="module")
def small_blocks() -> Iterator[None]:
    """Search in blocks so small that a few images need several."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in (("QUERY_BLOCK", 4), ("DATABASE_BLOCK", 7), ("SPARE", 2)):
            patch.setattr(exact, name, size)
        yield
