"""Descriptors from images: the one pass over the pixels, and the passes from stored activations."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from rsir.activation import ActivationSource, consecutive_batches
from rsir.backbone import Backbone, pool
from rsir.descriptor import ArrayFile
from rsir.device import Processor
from rsir.folding import fold_batch_norm
from rsir.memory import Portions
from rsir.model import TaskModel
from rsir.progress import progress


@torch.inference_mode()
def extract(
    backbone: Backbone,
    source: ActivationSource,
    processor: Processor,
    descriptors: ArrayFile,
    activations: ArrayFile | None,
) -> None:
    """Describe each image off the shelf: `pool` (N×D) and, where there is a classifier, `output`.

    `output` is the softmax over the classes of the pretrained network, N×K. The activations at the
    cut go to `activations` as they pass by.

    Raises
    ------
    InputError
        If memory does not hold a single image, or the source raises it.
    """
    tail = fold_batch_norm(processor.place(backbone.tail))
    classifier = backbone.classifier and processor.place(backbone.classifier)

    def describe(batch: Tensor) -> dict[str, np.ndarray]:
        with processor.precision(processor.inference):
            feature_map = tail(processor.place_activations(batch))
            scores = classifier(feature_map) if classifier is not None else None
        described = {"pool": _array(pool(feature_map))}
        if scores is not None:
            described["output"] = _array(scores.float().softmax(1))
        return described

    portions = Portions()
    rows = consecutive_batches(descriptors.rows, processor.batch_size)
    for batch in progress(source.batches(rows), len(rows), "extract", "batch"):
        if activations is not None:
            activations.append("activation", _array(batch))
        for described in portions.apply(describe, batch):
            _append(descriptors, described)


@torch.inference_mode()
def reextract(
    models: Iterable[TaskModel],
    source: ActivationSource,
    processor: Processor,
    descriptors: ArrayFile,
) -> None:
    """Describe each image by fine-tuned tails and heads, from the activations at the cut.

    `pool` and `output` of several tasks stand side by side, in the order of the tasks.

    Raises
    ------
    InputError
        If memory does not hold a single image, or the source raises it.
    """
    placed = [
        replace(
            model,
            tail=fold_batch_norm(processor.place(model.tail)),
            head=processor.place(model.head),
        )
        for model in models
    ]

    def describe(batch: Tensor) -> dict[str, np.ndarray]:
        activations = processor.place_activations(batch)
        with processor.precision(processor.inference):
            feature_maps = [model.tail(activations) for model in placed]
        described = [model.describe(maps) for model, maps in zip(placed, feature_maps, strict=True)]
        pooled, outputs = zip(*described, strict=True)
        return {"pool": _array(torch.cat(pooled, 1)), "output": _array(torch.cat(outputs, 1))}

    portions = Portions()
    rows = consecutive_batches(descriptors.rows, processor.batch_size)
    for batch in progress(source.batches(rows), len(rows), "re-extract", "batch"):
        for described in portions.apply(describe, batch):
            _append(descriptors, described)


def _append(file: ArrayFile, described: dict[str, np.ndarray]) -> None:
    for name, values in described.items():
        file.append(name, values)


def _array(tensor: Tensor) -> np.ndarray:
    array: np.ndarray = tensor.cpu().numpy()
    return array
