"""Work that overlaps: items prepared in advance, and tasks that run after another, in a thread."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

AHEAD = 2
"""Number of items that are prepared, or of tasks that wait."""

Item = TypeVar("Item")


def read_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items in order, while a thread prepares the next ones.

    An error while an item is prepared is raised in its place.
    """
    end = object()
    source = iter(items)
    with ThreadPoolExecutor(1) as thread:
        waiting = deque(thread.submit(next, source, end) for _ in range(AHEAD))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, source, end))
            yield item  # type: ignore[misc]


@contextmanager
def background() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Yield a function that takes tasks, which a thread runs one after another.

    The function waits while `AHEAD` tasks are unfinished. It, or the end of the block, raises the
    error of a task that failed. At the end of the block all tasks are finished.
    """
    waiting: deque[Future[object]] = deque()

    def run(task: Callable[[], object]) -> None:
        while len(waiting) >= AHEAD:
            waiting.popleft().result()
        waiting.append(thread.submit(task))

    with ThreadPoolExecutor(1) as thread:
        yield run
        for task in waiting:
            task.result()
