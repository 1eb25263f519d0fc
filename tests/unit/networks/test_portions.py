"""Batches in portions that fit into memory, and gradients of parts of a batch."""

import weakref
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from little_memory import forward_of, warnings_in
from rsir.networks.out_of_memory import Portions, in_parts


class _Square(torch.autograd.Function):
    """Saves a tensor for its gradient, and counts the saved tensors that are alive."""

    kept: ClassVar[list[weakref.ref[Tensor]]] = []
    alive: ClassVar[list[int]] = []

    @classmethod
    def forward(cls, ctx: Any, values: Tensor) -> Tensor:
        doubled = 2 * values
        ctx.save_for_backward(doubled)
        cls.kept.append(weakref.ref(doubled))
        cls.alive.append(sum(reference() is not None for reference in cls.kept))
        return values.square()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (doubled,) = ctx.saved_tensors
        return gradient * doubled


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [1]), (3, [3]), (5, [3, 2]), (8, [2, 2, 2, 2]), (13, [2, 2, 2, 2, 2, 2, 1])],
)
def test_parts_are_in_order_and_fit(count, expected):
    portions, batch = Portions(), torch.arange(count)
    for _ in range(2):
        parts = portions.apply(forward_of(3), batch)
        assert [len(part) for part in parts] == expected
        assert torch.equal(torch.cat(parts), batch)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("GET was unable to find an engine to execute this computation"),
    ],
)
def test_errors_of_other_kinds_for_want_of_memory_halve_the_batch_too(error):
    def compute(batch: np.ndarray) -> int:
        if len(batch) > 3:
            raise error
        return int(batch.sum())

    assert Portions().apply(compute, np.arange(8)) == [1, 5, 9, 13]


def test_other_errors_are_not_handled(caplog):
    def fail(_: np.ndarray) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    with pytest.raises(RuntimeError, match="illegal memory access"):
        Portions().apply(fail, np.arange(4))
    assert warnings_in(caplog) == []


def test_gradients_of_parts_are_those_of_the_whole_batch_with_one_part_in_memory():
    layer = nn.Linear(3, 4)
    batch = torch.arange(21.0).reshape(7, 3) / 10

    def network(part: Tensor) -> Tensor:
        return _Square.apply(layer(part))

    gradients = []
    for parts in ([batch], list(batch.split(2))):
        in_parts(network, parts).exp().mean().backward()
        gradients.append([weight.grad.clone() for weight in layer.parameters()])
        layer.zero_grad()
    for whole, parts in zip(*gradients, strict=True):
        torch.testing.assert_close(whole, parts)
    assert _Square.alive == [1] * (1 + 4 + 4)  # each of the four parts is computed twice
