"""Tests of the computation on a GPU; elsewhere they are skipped.

`GPU_TESTS=cpu` in the environment runs those of one process on the CPU, to test the tests.
"""

import os

import pytest
import torch

from rsir.networks.cards import visible_cards
from rsir.networks.precision import reduced_precision
from rsir.networks.processor import Processor, prepare_processor

ON_CPU = os.environ.get("GPU_TESTS") == "cpu"


@pytest.fixture(scope="session")
def processor() -> Processor:
    """The GPU with its reduced precision; on a CPU, bfloat16 stands for it."""
    if ON_CPU:
        return Processor(torch.device("cpu"), torch.bfloat16, batch_size=16)
    if not visible_cards():
        pytest.skip("there is no GPU")
    return reduced_precision(prepare_processor(4))


@pytest.fixture(scope="session")
def cards() -> int:
    """Return the number of GPUs."""
    count = len(visible_cards())
    if not count:
        pytest.skip("there is no GPU")
    return count
