"""Work on many items in several processes, with their progress."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from rsir.core.progress import progress

CHUNK = 64
"""Items that a process is handed at once."""

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
        results = pool.map(_apply, items, chunksize=CHUNK)
        try:
            yield from progress(results, len(items), description, unit)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_inherited: list[Callable[[Any], Any]] = []


def _inherit(function: Callable[[Any], Any]) -> None:
    """Keep the function of a new process."""
    _inherited[:] = [function]


def _apply(item: Any) -> Any:
    return _inherited[0](item)
