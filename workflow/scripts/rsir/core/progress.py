"""Progress of long jobs: a bar on a terminal, and a line every few seconds in the log."""

import io
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from tqdm import tqdm

LOG_SECONDS = 10

Item = TypeVar("Item")


@contextmanager
def counting(
    total: int | None, description: str, unit: str, scaled: bool = False
) -> Iterator[Callable[[int], object]]:
    """Yield a function to call with the number of units done since its last call.

    The count is displayed with its rate and, if `total` is known, the remaining time; `scaled`
    counts in thousands and millions.
    """
    display = partial(tqdm, desc=description, total=total, unit=unit, unit_scale=scaled, position=0)
    with (
        display(file=_LogLines(), mininterval=LOG_SECONDS, leave=True) as log,
        display(disable=None, leave=False) as bar,
    ):

        def advance(count: int) -> None:
            log.update(count)
            bar.update(count)

        yield advance


def progress(items: Iterable[Item], total: int, description: str, unit: str) -> Iterator[Item]:
    """Yield items, and display how many are done."""
    with counting(total, description, unit) as advance:
        for item in items:
            yield item
            advance(1)


class _LogLines(io.TextIOBase):
    """A stream that logs each line written to it, without the control characters of a terminal."""

    def write(self, text: str) -> int:
        if line := text.strip():
            logging.info(line)
        return len(text)
