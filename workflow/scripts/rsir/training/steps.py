"""The optimizer steps of a training epoch."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rsir.descriptors.activation_source import Batches
from rsir.networks.out_of_memory import Portions
from rsir.training.labelings import Task
from rsir.training.losses import LOSSES
from rsir.training.models import Head, divided

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

Inputs = Callable[[Batches], Iterator[Any]]  # batches of rows → network inputs
Forward = Callable[[list[Any]], Tensor]  # parts of a batch → logits B×K


def new_optimizer(
    parameters: Iterable[Tensor], settings: Mapping[str, Any]
) -> torch.optim.Optimizer:
    """Return the optimizer of a stage, with its learning rate, weight decay and momentum."""
    arguments = {"lr": settings["learning_rate"], "weight_decay": settings["weight_decay"]}
    if settings["optimizer"] != "adamw":
        arguments["momentum"] = settings["momentum"]
    return OPTIMIZERS[settings["optimizer"]](parameters, **arguments)


def train_epoch(
    inputs: Inputs,
    forward: Forward,
    batches: Batches,
    rates: np.ndarray,
    targets: Sequence[Tensor],
    task: Task,
    head: Head,
    optimizer: torch.optim.Optimizer,
    portions: Portions,
) -> float:
    """Take one optimizer step per batch, and return the mean loss over the images."""
    losses = []  # read after the last step, to avoid a GPU synchronisation per batch
    for rows, rate, batch in zip(batches, rates.tolist(), inputs(batches), strict=True):
        for group in optimizer.param_groups:
            group["lr"] = rate
        expected = [rows_of(values, rows) for values in targets]
        backward = partial(_backward, forward, expected, task, head, optimizer)
        losses.append(portions.attempt(backward, batch))
        optimizer.step()
    sizes = [len(rows) for rows in batches]
    return sum(loss.item() * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)


def rows_of(values: Tensor, rows: np.ndarray) -> Tensor:
    """Return rows of a tensor on its device, without waiting for the device."""
    return values.index_select(0, torch.from_numpy(rows).to(values.device, non_blocking=True))


def _backward(
    forward: Forward,
    expected: Sequence[Tensor],
    task: Task,
    head: Head,
    optimizer: torch.optim.Optimizer,
    parts: list[Any],
) -> Tensor:
    """Compute the gradients from the parts of a batch, and return its mean loss."""
    optimizer.zero_grad()
    with _restored_statistics(head):
        loss = total_loss(forward(parts), expected, task)
        loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach()


@contextmanager
def _restored_statistics(head: Head) -> Iterator[None]:
    """Restore the batch norm statistics of a head if the block fails."""
    before = [buffer.clone() for buffer in head.buffers()]
    try:
        yield
    except Exception:
        for buffer, value in zip(head.buffers(), before, strict=True):
            buffer.copy_(value)
        raise


def total_loss(logits: Tensor, expected: Sequence[Tensor], task: Task) -> Tensor:
    """Return the weighted sum of the mean losses of the targets of a task.

    `logits` are B×K and `expected` the values of each target for these images.
    """
    sizes = [len(target.names) for target in task.targets]
    parts = divided(logits, sizes)
    losses = [
        target.weight * LOSSES[target.loss or target.activation](part, values)
        for target, part, values in zip(task.targets, parts, expected, strict=True)
    ]
    return torch.stack(losses).sum() if len(losses) > 1 else losses[0]
