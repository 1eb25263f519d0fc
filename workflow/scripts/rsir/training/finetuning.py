"""Fine-tuning of tail and head on the activations at the cut, in the two stages of the thesis."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rsir.core.errors import InputError
from rsir.core.progress import progress
from rsir.descriptors.activation_source import ActivationSource, Batches
from rsir.networks.backbone import Activations, Backbone, pooled
from rsir.networks.folding import fold_batch_norm
from rsir.networks.out_of_memory import Portions, in_parts
from rsir.networks.parts import copy_part
from rsir.networks.processor import Processor
from rsir.networks.views import drawn_views
from rsir.training.batches import number_of_batches, shuffled_batches
from rsir.training.early_stopping import BestEpoch
from rsir.training.labelings import Task
from rsir.training.models import Head, Outputs, TaskModel
from rsir.training.resumption import State
from rsir.training.schedule import rate_factors
from rsir.training.steps import (
    Forward,
    Inputs,
    new_optimizer,
    rows_of,
    train_epoch,
)
from rsir.training.validation import validate

Curve = list[dict[str, Any]]

CURVE = [
    *("task", "stage", "epoch", "train_loss"),
    *("validation_loss", "validation_map", "validation_retrieval"),
]
"""The columns of a learning curve."""


def finetune(
    task: Task,
    backbone: Backbone,
    off_the_shelf: np.ndarray,
    source: ActivationSource,
    train: np.ndarray,
    validation: np.ndarray,
    settings: Mapping[str, Any],
    seed: int,
    processor: Processor,
    resume: State | None = None,
    save_state: Callable[[State], None] | None = None,
    labels: np.ndarray | None = None,
    variants: int | None = None,
) -> tuple[TaskModel, Curve]:
    """Fine-tune one network: first its new head only, then tail, pooling and head.

    In the first stage the tail is fixed, so its pooled features are passed in instead of computed.
    With several views per image, one is drawn for each training image and epoch of the second
    stage, and validation images are as they are. Batch norm of the tail keeps the pretrained
    statistics and trains scale and shift only: statistics estimated from a small data set that
    differs from ImageNet degrade the pooled features. Batch norm of the head estimates its own
    statistics.

    Parameters
    ----------
    task : Task
        Outputs and targets.
    backbone : Backbone
        The pretrained network, whose tail and pooling are copied. What they share with the trunk
        is not trained.
    off_the_shelf : ndarray
        Pooled features of all images by the pretrained network, N×D.
    source : ActivationSource
        The activations at the cut.
    train, validation : ndarray
        Rows of the archive. Without validation rows, the validation columns are NaN.
    settings : mapping
        ``batch_size``; ``head`` and ``tail``, each with ``epochs``, ``optimizer``,
        ``learning_rate`` (per step), ``weight_decay``, for sgd and rmsprop ``momentum``, and, where
        the learning rate is not constant, ``schedule`` and ``warmup``, see `rate_factors`. Where
        the second stage stops early, ``early_stopping`` with ``patience``, ``metric`` and
        ``cutoff``, see `BestEpoch` and `retrieval_score`.
    seed : int
        Seed of the initial weights of the head and of the order of the images.
    processor : Processor
        Device and data types of the computation.
    resume : dict, optional
        State of the same fine-tuning at the end of an epoch; training resumes from it with the same
        result.
    save_state : callable, optional
        Called with the state at the end of each epoch.
    labels : ndarray, optional
        Labels N×L of all images, which early stopping needs.
    variants : int, optional
        Number of variants of an image that `source` numbers, of which one is drawn for each
        training image and epoch; the views of the backbone by default.

    Returns
    -------
    TaskModel, list of dict
        The model in evaluation mode, and the learning curve with the columns `CURVE`.

    Raises
    ------
    InputError
        If there are fewer than two training images, the loss is not finite, a single image does not
        fit into memory, or there are fewer than two validation images for early stopping.
    """
    if len(train) < 2:
        raise InputError(f"{task.name}: {len(train)} training images; batch norm needs two or more")
    stopping = dict(settings.get("early_stopping", {"patience": 0}))
    patience = stopping.pop("patience")
    if patience and len(validation) < 2:
        raise InputError(
            f"finetuning.early_stopping.patience: is {patience}, but the split has "
            f"{len(validation)} validation images; set split.validation_fraction"
        )
    variants = variants or backbone.views
    generator = np.random.default_rng([seed, *task.name.encode()])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(generator.integers(2**31)))
        units = sum(len(target.names) for target in task.targets)
        head = processor.place(Head(backbone.dimension, units)).eval()
    tail = processor.place(copy_part(backbone.tail)).eval()
    pooling = processor.place(copy_part(backbone.pooling)).eval()
    folded = fold_batch_norm(tail)
    vectors = torch.from_numpy(off_the_shelf).to(processor.device)
    targets = [torch.from_numpy(target.expected).to(processor.device) for target in task.targets]

    def pooled_features(activations: Activations) -> Tensor:
        with processor.precision(processor.training):
            features = folded(*processor.place_activations(activations))
        return pooled(pooling, features)

    def features_of(batches: Batches) -> Iterator[Tensor]:
        return (rows_of(vectors, rows) for rows in batches)

    def turned_at_random(batches: Batches) -> Iterator[Activations]:
        return source.batches([drawn_views(rows, variants, generator) for rows in batches])

    def as_they_are(batches: Batches) -> Iterator[Activations]:
        return source.batches([rows * variants for rows in batches])

    def from_features(parts: list[Tensor]) -> Tensor:
        logits: Tensor = head(torch.cat(parts))
        return logits

    def from_activations(parts: list[Activations]) -> Tensor:
        logits: Tensor = head(in_parts(pooled_features, parts))
        return logits

    curve: Curve = []
    if resume:
        if resume["stage"] == "tail":
            tail.load_state_dict(resume["tail"])
            pooling.load_state_dict(resume["pooling"])
        head.load_state_dict(resume["head"])
        generator.bit_generator.state = json.loads(resume["generator"])
        curve = json.loads(resume["curve"])
    finished = Counter(row["stage"] for row in curve)
    parts = {"tail": tail, "pooling": pooling, "head": head}
    best = BestEpoch(parts, patience, resume["best"] if resume else {})
    stages: list[tuple[str, Inputs, Inputs, Forward, list[nn.Module]]] = [
        ("head", features_of, features_of, from_features, [head]),
        ("tail", turned_at_random, as_they_are, from_activations, [tail, pooling, head]),
    ]
    last_stage = "tail" if settings["tail"]["epochs"] else "head"
    last = (last_stage, settings[last_stage]["epochs"])
    for stage, inputs, validation_inputs, forward, trained in stages:
        parameters = (weight for part in trained for weight in part.parameters())
        weights = [weight for weight in dict.fromkeys(parameters) if weight.requires_grad]
        optimizer = new_optimizer(weights, settings[stage])
        rates = settings[stage]["learning_rate"] * rate_factors(
            settings[stage].get("schedule", "constant"),
            settings[stage].get("warmup", 0),
            settings[stage]["epochs"],
            number_of_batches(train, settings["batch_size"]),
        )
        train_portions, validation_portions = Portions(), Portions()
        if resume and resume["stage"] == stage:
            optimizer.load_state_dict(resume["optimizer"])
        epochs = range(finished[stage] + 1, settings[stage]["epochs"] + 1)
        if best.ends(finished["tail"]):
            break
        for epoch in progress(epochs, len(epochs), f"{task.name}, {stage}", "epoch"):
            head.train()
            batches = shuffled_batches(train, settings["batch_size"], generator)
            train_loss = train_epoch(
                inputs,
                forward,
                batches,
                rates[epoch - 1],
                targets,
                task,
                head,
                optimizer,
                train_portions,
            )
            head.eval()
            if not math.isfinite(train_loss):
                raise InputError(
                    f"{task.name}: the loss is not finite in epoch {epoch} of stage {stage}; "
                    f"lower finetuning.{stage}.learning_rate"
                )
            row = {"task": task.name, "stage": stage, "epoch": epoch, "train_loss": train_loss}
            metrics = validate(
                validation_inputs,
                forward,
                validation,
                settings["batch_size"],
                task,
                validation_portions,
                labels,
                stopping if patience and stage == "tail" else None,
            )
            curve.append(row | metrics)
            if stage == "tail":
                best.add(epoch, metrics["validation_retrieval"])
            if save_state:
                save_state(
                    {
                        "stage": stage,
                        "epoch": epoch,
                        "last": (stage, epoch) == last or best.ends(epoch),
                        "tail": tail.state_dict() if stage == "tail" else {},
                        "pooling": pooling.state_dict() if stage == "tail" else {},
                        "head": head.state_dict(),
                        "best": best.state,
                        "optimizer": optimizer.state_dict(),
                        "generator": json.dumps(generator.bit_generator.state),
                        "curve": json.dumps(curve),
                    }
                )
            if best.ends(epoch):
                break
    best.restore()
    for part in (tail, pooling, head):
        part.cpu().zero_grad()  # the models of all tasks stay in memory until they are saved
    outputs = [Outputs(target.names, target.activation) for target in task.targets]
    return TaskModel(task.name, outputs, tail, pooling, head), curve
