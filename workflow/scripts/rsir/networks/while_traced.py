"""What is changed in a network and in torch while a network is traced, and restored afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

WITH_SIZES = ((torch.Tensor, "expand"), (torch, "ones"), (torch, "zeros"))
"""Functions of sizes that networks call with tensors that are no values of the graph."""


@contextmanager
def keeping_marks(network: nn.Module, marks: dict[str, Any]) -> Iterator[None]:
    """Keep what the two methods of timm's classifiers return while a network is traced."""
    features, head = (getattr(network, f"forward_{part}", None) for part in ("features", "head"))
    if features is None or head is None:
        yield
        return

    def keep_features(*args: Any, **kwargs: Any) -> Any:
        marks["features"] = features(*args, **kwargs)
        return marks["features"]

    def keep_pool(*args: Any, **kwargs: Any) -> Any:
        marks["pool"] = head(*args, **kwargs, pre_logits=True)
        return head(*args, **kwargs)

    network.__dict__.update(forward_features=keep_features, forward_head=keep_pool)
    try:
        yield
    finally:
        del network.__dict__["forward_features"], network.__dict__["forward_head"]


@contextmanager
def unchanged_buffers(network: nn.Module) -> Iterator[None]:
    """Restore the buffers that modules replace by tensors without memory, such as tables."""
    before = [(module, dict(module._buffers)) for module in network.modules()]
    try:
        yield
    finally:
        for module, buffers in before:
            module._buffers.update(buffers)


@contextmanager
def sizes_in_tuples() -> Iterator[None]:
    """Let functions that take sizes as separate arguments take the batch size.

    Torch takes numbers only as separate arguments, and any value in a tuple.
    """
    originals = [(owner, name, getattr(owner, name)) for owner, name in WITH_SIZES]
    for owner, name, original in originals:
        setattr(owner, name, _taking_tuples(original))
    try:
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


@contextmanager
def batch_norm_of_shapes() -> Iterator[None]:
    """Let batch norm with fixed statistics return a tensor like its input, for fake tensors.

    Torch has no function for the shape of its result, but takes apart what it computes, which is
    most of the time of tracing a convolutional network.
    """
    original = functional.batch_norm

    def batch_norm(
        input: Tensor,  # noqa: A002
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        *options: Any,
        **named: Any,
    ) -> Tensor:
        if training:
            return original(
                input, running_mean, running_var, weight, bias, training, *options, **named
            )
        return torch.empty_like(input)

    functional.batch_norm = batch_norm
    try:
        yield
    finally:
        functional.batch_norm = original


def _taking_tuples(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def function_of_tuples(*values: Any, **options: Any) -> Any:
        first = 0 if isinstance(values[0], (int, fx.Proxy)) and len(values) > 1 else 1
        tensor, sizes = values[:first], values[first:]
        if any(isinstance(size, fx.Proxy) for size in sizes) and len(sizes) > 1:
            return function(*tensor, sizes, **options)
        return function(*values, **options)

    return function_of_tuples
