"""Fine-tuning of tail and head on the activations at the cut, in the thesis' two stages."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from rsir.core.errors import InputError
from rsir.core.progress import progress
from rsir.descriptors.activations import ActivationSource, Batches
from rsir.networks.backbone import pool
from rsir.networks.folding import fold_batch_norm
from rsir.networks.out_of_memory import Portions, in_parts
from rsir.networks.processor import Processor
from rsir.training.labelings import UNSEEN, Task
from rsir.training.models import Head, TaskModel, activate
from rsir.training.resumption import State

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

Curve = list[dict[str, Any]]

CURVE = ["task", "stage", "epoch", "train_loss", "validation_loss", "validation_map"]
"""The columns of a learning curve."""
Inputs = Callable[[Batches], Iterator[Tensor]]  # batches of rows → what each gives the network
Forward = Callable[[list[Tensor]], Tensor]  # the parts of a batch → its logits B×K


def finetune(
    task: Task,
    tail: fx.GraphModule,
    pooled: np.ndarray,
    source: ActivationSource,
    train: np.ndarray,
    validation: np.ndarray,
    settings: Mapping[str, Any],
    seed: int,
    processor: Processor,
    resume: State | None = None,
    keep: Callable[[State], None] | None = None,
) -> tuple[TaskModel, Curve]:
    """Fine-tune one network: first its new head alone, then tail and head.

    While the head trains alone the tail does not change, so its pooled features are given and not
    computed again. Batch norm keeps the pretrained statistics, in the tail too, where its scale and
    shift are trained: from few images of another kind than ImageNet's, its statistics are estimated
    badly, and the pooled features suffer. That of the head learns its own.

    Parameters
    ----------
    task : Task
        What to learn.
    tail : Module
        The pretrained tail; it is copied.
    pooled : ndarray
        Its pooled features of every image, N×D.
    source : ActivationSource
        The activations at the cut.
    train, validation : ndarray
        Rows of the archive. Without validation rows the curve's validation columns are NaN.
    settings : mapping
        ``batch_size``; ``head`` and ``tail``, each with ``epochs``, ``optimizer``,
        ``learning_rate`` (per step), ``weight_decay`` and, for sgd and rmsprop, ``momentum``.
    seed : int
        Of the head's initial weights and of the order of the batches.
    processor : Processor
        What computes.
    resume : dict, optional
        The state of the same fine-tuning at the end of an epoch, to go on from to the same numbers.
    keep : callable, optional
        Called with the state at the end of each epoch.

    Returns
    -------
    TaskModel, list of dict
        The model in evaluation mode, and the learning curve: task, stage, epoch, train_loss,
        validation_loss, validation_map.

    Raises
    ------
    InputError
        If there are fewer than two training images, the loss is not finite, or memory does not
        hold a single image.
    """
    if len(train) < 2:
        raise InputError(f"{task.name}: {len(train)} training images; batch norm needs two or more")
    generator = np.random.default_rng([seed, *task.name.encode()])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(generator.integers(2**31)))
        head = processor.place(Head(pooled.shape[1], len(task.outputs))).eval()
    tail = processor.place(deepcopy(tail).requires_grad_(True)).eval()
    folded = fold_batch_norm(tail)
    features = torch.from_numpy(pooled).to(processor.device)

    def pooled_of(activations: Tensor) -> Tensor:
        with processor.precision(processor.training):
            feature_map = folded(processor.place_activations(activations))
        return pool(feature_map)

    def given(batches: Batches) -> Iterator[Tensor]:
        return (features[rows] for rows in batches)

    def from_pooled(parts: list[Tensor]) -> Tensor:
        logits: Tensor = head(torch.cat(parts))
        return logits

    def from_activations(parts: list[Tensor]) -> Tensor:
        logits: Tensor = head(in_parts(pooled_of, parts))
        return logits

    curve: Curve = []
    if resume:
        if resume["stage"] == "tail":
            tail.load_state_dict(resume["tail"])
        head.load_state_dict(resume["head"])
        generator.bit_generator.state = json.loads(resume["generator"])
        curve = json.loads(resume["curve"])
    ended = Counter(row["stage"] for row in curve)
    stages: list[tuple[str, Inputs, Forward, list[nn.Module]]] = [
        ("head", given, from_pooled, [head]),
        ("tail", source.batches, from_activations, [tail, head]),
    ]
    for stage, inputs, forward, trained in stages:
        weights = [weight for part in trained for weight in part.parameters()]
        optimizer = _optimizer(weights, settings[stage])
        training, validating = Portions(), Portions()
        if resume and resume["stage"] == stage:
            optimizer.load_state_dict(resume["optimizer"])
        epochs = range(ended[stage] + 1, settings[stage]["epochs"] + 1)
        for epoch in progress(epochs, len(epochs), f"{task.name}, {stage}", "epoch"):
            head.train()
            batches = shuffled_batches(train, settings["batch_size"], generator)
            train_loss = _train_epoch(inputs, forward, batches, task, head, optimizer, training)
            head.eval()
            if not math.isfinite(train_loss):
                raise InputError(
                    f"{task.name}: the loss is not finite in epoch {epoch} of stage {stage}; "
                    f"lower finetuning.{stage}.learning_rate"
                )
            losses = {"task": task.name, "stage": stage, "epoch": epoch, "train_loss": train_loss}
            validated = _validate(
                inputs, forward, validation, settings["batch_size"], task, validating
            )
            curve.append(losses | validated)
            if keep:
                keep(
                    {
                        "stage": stage,
                        "epoch": epoch,
                        "tail": tail.state_dict() if stage == "tail" else {},
                        "head": head.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "generator": json.dumps(generator.bit_generator.state),
                        "curve": json.dumps(curve),
                    }
                )
    for part in (tail, head):
        part.cpu().zero_grad()  # a labeling of many tasks keeps them all until they are saved
    return TaskModel(task.name, task.outputs, task.activation, tail, head), curve


def _train_epoch(
    inputs: Inputs,
    forward: Forward,
    batches: Batches,
    task: Task,
    head: Head,
    optimizer: torch.optim.Optimizer,
    portions: Portions,
) -> float:
    """Take one step per batch; return the mean loss over the images."""
    losses = []  # read after the last step, so that a GPU is not waited for in each
    for rows, batch in zip(batches, inputs(batches), strict=True):
        targets = torch.from_numpy(task.targets[rows])
        backward = partial(_backward, forward, targets, task.activation, head, optimizer)
        losses.append(portions.attempt(backward, batch))
        optimizer.step()
    sizes = [len(rows) for rows in batches]
    return sum(loss.item() * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)


def _backward(
    forward: Forward,
    targets: Tensor,
    activation: str,
    head: Head,
    optimizer: torch.optim.Optimizer,
    parts: list[Tensor],
) -> Tensor:
    """Compute the gradients from the parts of a batch, and return its mean loss."""
    optimizer.zero_grad()
    with _statistics_kept(head):
        logits = forward(parts)
        loss = loss_of(logits, targets.to(logits.device), activation)
        loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach()


@contextmanager
def _statistics_kept(head: Head) -> Iterator[None]:
    """Undo what the batch norm of a head has learnt in a block that memory ran out in."""
    before = [buffer.clone() for buffer in head.buffers()]
    try:
        yield
    except torch.OutOfMemoryError:
        for buffer, value in zip(head.buffers(), before, strict=True):
            buffer.copy_(value)
        raise


def shuffled_batches(
    rows: np.ndarray, batch_size: int, generator: np.random.Generator
) -> list[np.ndarray]:
    """Return the rows in random order, in batches of about equal size and none above `batch_size`.

    No batch is a single image, of which batch norm could learn nothing: of an odd number in pairs
    three stay together.
    """
    batches = min(math.ceil(len(rows) / batch_size), len(rows) // 2)
    return np.array_split(generator.permutation(rows), batches)


def loss_of(logits: Tensor, targets: Tensor, activation: str) -> Tensor:
    """Return the mean loss: cross entropy (softmax), or binary cross entropy per output (sigmoid).

    `UNSEEN` targets do not count.
    """
    if activation == "softmax":
        return functional.cross_entropy(logits, targets, ignore_index=UNSEEN)
    return functional.binary_cross_entropy_with_logits(logits, targets)


def mean_average_precision(scores: np.ndarray, indicators: np.ndarray) -> float:
    """Return the mean over outputs of the average precision; outputs never true are left out.

    Parameters
    ----------
    scores, indicators : ndarray
        N×K; indicators are 0 or 1.
    """
    from sklearn.metrics import average_precision_score  # takes a second; few trainings need it

    present = indicators.any(0)
    if not present.any():
        return math.nan
    return float(average_precision_score(indicators[:, present], scores[:, present]))


def _optimizer(parameters: Iterable[Tensor], chosen: Mapping[str, Any]) -> torch.optim.Optimizer:
    arguments = {"lr": chosen["learning_rate"], "weight_decay": chosen["weight_decay"]}
    if chosen["optimizer"] != "adamw":
        arguments["momentum"] = chosen["momentum"]
    return OPTIMIZERS[chosen["optimizer"]](parameters, **arguments)


def _validate(
    inputs: Inputs,
    forward: Forward,
    rows: np.ndarray,
    batch_size: int,
    task: Task,
    portions: Portions,
) -> dict[str, float]:
    if len(rows) == 0:
        return {"validation_loss": math.nan, "validation_map": math.nan}
    batches = np.array_split(rows, math.ceil(len(rows) / batch_size))
    with torch.inference_mode():
        logits = torch.cat([portions.attempt(forward, batch).cpu() for batch in inputs(batches)])
    targets = torch.from_numpy(task.targets[rows])
    return {
        "validation_loss": loss_of(logits, targets, task.activation).item(),
        "validation_map": mean_average_precision(
            activate(logits, task.activation).numpy(), task.indicators()[rows]
        ),
    }
