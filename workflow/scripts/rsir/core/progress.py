"""How far a long job is: a bar on a terminal, and a line now and then in the log."""

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
    total: int | None, what: str, unit: str, scaled: bool = False
) -> Iterator[Callable[[int], object]]:
    """Yield what is to be called with the number of units that were done since the last call.

    Rate and time left are shown with the count, where `total` is known; `scaled` counts in
    thousands and millions.
    """
    shown = partial(tqdm, desc=what, total=total, unit=unit, unit_scale=scaled, position=0)
    with (
        shown(file=_LogLines(), mininterval=LOG_SECONDS, leave=True) as log,
        shown(disable=None, leave=False) as bar,
    ):

        def advance(count: int) -> None:
            log.update(count)
            bar.update(count)

        yield advance


def progress(items: Iterable[Item], total: int, what: str, unit: str) -> Iterator[Item]:
    """Yield items, and show how many are done."""
    with counting(total, what, unit) as advance:
        for item in items:
            yield item
            advance(1)


class _LogLines(io.TextIOBase):
    """A stream that logs what is written to it, without what moves a terminal's cursor."""

    def write(self, text: str) -> int:
        if line := text.strip():
            logging.info(line)
        return len(text)
