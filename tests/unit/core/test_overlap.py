"""Work in a thread: the order of items and tasks, and their errors."""

import threading

import pytest

from rsir.core.overlap import AHEAD, background, read_ahead


def test_items_keep_their_order():
    assert list(read_ahead(iter(range(20)))) == list(range(20))
    assert list(read_ahead([])) == []


def test_items_are_prepared_while_one_is_used():
    prepared = threading.Event()

    def items():
        yield "used"
        prepared.set()
        yield "next"

    ahead = read_ahead(items())
    assert next(ahead) == "used"
    assert prepared.wait(60)
    assert list(ahead) == ["next"]


def test_an_error_is_raised_in_place_of_the_item():
    def items():
        yield 1
        raise ValueError("damaged")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(ahead)


def test_tasks_run_in_order_and_are_finished_at_the_end():
    done = []
    with background() as run:
        for number in range(20):
            run(lambda number=number: done.append((number, threading.get_ident())))
    assert [number for number, _ in done] == list(range(20))
    (thread,) = {thread for _, thread in done}
    assert thread != threading.get_ident()


def test_a_task_runs_while_the_caller_goes_on():
    went_on = threading.Event()
    with background() as run:
        run(lambda: went_on.wait(60) or pytest.fail("the caller waited"))
        went_on.set()


def test_the_error_of_a_task_is_raised():
    def fail():
        raise OSError("no space left")

    def run_many():
        with background() as run:
            for _ in range(AHEAD + 1):
                run(fail)
            pytest.fail("the error was not raised before the end")

    with pytest.raises(OSError, match="no space left"), background() as run:
        run(fail)
    with pytest.raises(OSError, match="no space left"):
        run_many()
