"""Rows of the benchmark table, and functions that measure time and memory."""

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
    """A single measurement of one way to compute a case.

    `rate` is in `unit`. `share` is that rate relative to the rate of matrix products on this
    processor, in the data type of the pipeline. `agreement` compares the result with that of the
    first way.
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
    """The return value of a function, its duration, and what its process has used."""

    value: object
    seconds: float
    processor_seconds: float
    peak_mib: int


def timed(work: Callable[[], Value]) -> tuple[Value, float]:
    """Return the result of `work` and its duration in seconds."""
    start = time.perf_counter()
    value = work()
    return value, time.perf_counter() - start


def run_in_process(work: Callable[..., tuple[object, float]], *arguments: object) -> Measured:
    """Run `work`, which returns a value and its seconds like `timed`, in a new process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_with_memory, work, *arguments).result()


def _with_memory(work: Callable[..., tuple[object, float]], *arguments: object) -> Measured:
    # Otherwise its subprocesses would be spawned and import all modules again, unlike in a job.
    multiprocessing.set_start_method(None, force=True)
    start = time.process_time()
    value, seconds = work(*arguments)
    processor_seconds = time.process_time() - start
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Measured(value, seconds, processor_seconds, peak_mib)
