"""Work on many items in several processes or threads, of which few at a time are in memory."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from rsir.core.progress import progress

CHUNK = 64
"""Items that a process or a thread is handed at once."""

WAITING = 4
"""Chunks of items for each of them, whose results are computed before they are needed."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_processes(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int,
    description: str,
    unit: str,
) -> Iterator[Result]:
    """Yield what a function returns for each item, in their order, and display how many are done.

    Parameters
    ----------
    function
        A function of an item. Items and results are pickled, the function is not.
    workers
        Maximum number of processes. They are forks, so that nothing is imported anew; few items
        are done in this process.
    description, unit
        See `rsir.core.progress`.
    """
    workers = min(workers, -(-len(items) // CHUNK))
    if workers < 2:
        yield from progress(map(function, items), len(items), description, unit)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context, _inherit, (function,)) as pool:
        results = _results(pool, _apply, items, WAITING * workers)
        try:
            yield from progress(results, len(items), description, unit)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[Result]:
    """Yield what a function returns for each item, in their order; `workers` threads compute it."""
    with ThreadPoolExecutor(workers) as pool:
        apply = partial(_of_each, function)
        yield from _results(pool, apply, items, WAITING * workers)


def _results(
    pool: Executor,
    apply: Callable[[Sequence[Item]], list[Result]],
    items: Sequence[Item],
    waiting: int,
) -> Iterator[Result]:
    """Yield the results of all items in their order, at most `waiting` chunks ahead."""
    chunks: deque[Future[list[Result]]] = deque()
    for first in range(0, len(items), CHUNK):
        if len(chunks) == waiting:
            yield from chunks.popleft().result()
        chunks.append(pool.submit(apply, items[first : first + CHUNK]))
    while chunks:
        yield from chunks.popleft().result()


def _of_each(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return list(map(function, items))


_inherited: list[Callable[[Any], Any]] = []


def _inherit(function: Callable[[Any], Any]) -> None:
    """Keep the function of a new process."""
    _inherited[:] = [function]


def _apply(items: Sequence[Any]) -> list[Any]:
    return _of_each(_inherited[0], items)
