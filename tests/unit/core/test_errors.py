"""Errors in one line."""

import pytest
import torch

from rsir.core.errors import InputError, MachineError, first_few, is_out_of_memory, one_line


@pytest.mark.parametrize("error", [InputError("a.csv: no rows"), MachineError("a.csv: no rows")])
def test_the_line_of_an_input_error_is_its_message(error):
    assert one_line(error) == "a.csv: no rows"


def test_a_failure_of_the_machine_has_a_line():
    assert one_line(MemoryError()) == (
        "out of memory; run fewer jobs at the same time, or request more memory"
    )


def test_a_failed_gpu_has_a_line_in_every_version_of_torch():
    assert one_line(RuntimeError("CUDA error: lost\nasynchronously")) == (
        "the GPU failed (CUDA error: lost); run again, on another GPU if it keeps failing"
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronous"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"), True),
        (RuntimeError("GET was unable to find an engine to execute this computation"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
        (RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED"), False),
        (ValueError("CUDA error: out of memory"), False),
    ],
)
def test_exhausted_memory_is_known_by_its_messages(error, expected):
    assert is_out_of_memory(error) == expected
    if expected:
        assert one_line(error).startswith("out of memory; ")


def test_an_unexpected_error_has_no_line():
    assert one_line(ZeroDivisionError("division by zero")) is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [("ab", "'a', 'b'"), ("abc", "'a', 'b', 'c'"), ("abcd", "'a', 'b', 'c', …")],
)
def test_names_after_the_third_are_omitted(names, expected):
    assert first_few(names) == expected
