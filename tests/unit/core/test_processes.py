"""Work in several processes gives what one process gives."""

import multiprocessing
import os

import pytest

from rsir.core.errors import InputError, one_line
from rsir.core.processes import CHUNK, WAITING, in_processes, in_threads


def test_results_are_in_the_order_of_the_items_whatever_the_number_of_processes():
    items = list(range(3 * CHUNK + 5))
    results = {
        workers: list(in_processes(lambda item: (item, -item), items, workers, "", ""))
        for workers in (1, 2, 7)
    }
    assert results[1] == results[2] == results[7] == [(item, -item) for item in items]


def test_several_processes_do_the_work():
    both = multiprocessing.get_context("fork").Barrier(2, timeout=60)

    def process(item: int) -> int:
        if item in (0, CHUNK):
            both.wait()  # for another process
        return os.getpid()

    done = set(in_processes(process, range(9 * CHUNK), 3, "", ""))
    assert os.getpid() not in done
    assert len(done) > 1
    assert set(in_processes(lambda _: os.getpid(), range(CHUNK), 3, "", "")) == {os.getpid()}


def test_threads_return_results_in_order_and_are_few_items_ahead():
    done = []

    def square(item):
        done.append(item)
        return item**2

    items = range(100 * CHUNK)
    results = in_threads(square, items, 2)
    assert next(results) == 0
    assert len(done) <= 2 * WAITING * CHUNK
    assert [0, *results] == [item**2 for item in items]


def test_errors_are_raised_in_the_process_that_asked():
    def refuse(item):
        if item == CHUNK:
            raise InputError(f"item {item}: no")
        return item

    with pytest.raises(InputError, match="item 64: no"):
        list(in_processes(refuse, range(3 * CHUNK), 2, "", ""))


def test_a_killed_process_is_told_in_one_line():
    with pytest.raises(RuntimeError) as caught:
        list(in_processes(lambda _: os._exit(9), range(3 * CHUNK), 2, "", ""))
    assert one_line(caught.value) == (
        "a process that reads images was killed, probably for lack of memory; run again"
    )
