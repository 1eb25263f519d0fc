"""What all parts of the benchmark share: a row of the table, and a function measured by itself."""

import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class Row:
    """One way to do something, measured once.

    `rate` in `unit`; `share`, the part that this is of the processor's rate at products of
    matrices, in the type that the pipeline computes in; `agreement` says in words how the result
    compares with the first way's.
    """

    part: str
    case: str
    way: str
    seconds: float | None = None
    rate: float | None = None
    unit: str = ""
    share: float | None = None
    peak_mib: int | None = None
    agreement: str = ""


@dataclass(frozen=True)
class Measured:
    """What a function returned, how long it took, and the most memory its process ever had."""

    value: object
    seconds: float
    peak_mib: int


def timed(work: Callable[[], Value]) -> tuple[Value, float]:
    """Return what `work` returns, and the seconds it took."""
    start = time.perf_counter()
    value = work()
    return value, time.perf_counter() - start


def apart(work: Callable[..., tuple[object, float]], *arguments: object) -> Measured:
    """Run `work` in a process of its own; it returns a value and its seconds, as `timed` does."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_with_memory, work, *arguments).result()


def _with_memory(work: Callable[..., tuple[object, float]], *arguments: object) -> Measured:
    # Else what it starts is spawned, too, and imports everything anew, unlike in a job.
    multiprocessing.set_start_method(None, force=True)
    value, seconds = work(*arguments)
    return Measured(value, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
