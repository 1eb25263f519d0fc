"""Steps that run out of memory above a number of images, and the warnings that follow."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor


class _Backward(torch.autograd.Function):
    """Runs out of memory in the backward pass."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, images: int) -> Tensor:
        ctx.images = images
        return values.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        _check(gradient, ctx.images)
        return gradient, None


def _check(values: Tensor, images: int) -> None:
    if len(values) > images:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def forward_of(images: int) -> Callable[[Tensor], Tensor]:
    def forward(values: Tensor) -> Tensor:
        _check(values, images)
        return values

    return forward


def backward_of(images: int) -> Callable[[Tensor], Tensor]:
    return lambda values: _Backward.apply(values, images)


def halvings(*counts: int, unit: str = "images") -> list[str]:
    """Return the warnings of halving these batch sizes."""
    return [
        f"out of memory with {count} {unit} at once; continuing with {(count + 1) // 2}"
        for count in counts
    ]


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
