"""Extraction of off-the-shelf descriptors in one pass over the images."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from rsir.core.hdf5 import ArrayFile
from rsir.core.progress import progress
from rsir.descriptors.activations import ActivationSource, consecutive_batches
from rsir.networks.backbone import Backbone, pool
from rsir.networks.folding import for_inference
from rsir.networks.out_of_memory import Portions
from rsir.networks.precision import check_finite
from rsir.networks.processor import Processor


def extract(
    backbone: Backbone,
    source: ActivationSource,
    processor: Processor,
    descriptors: ArrayFile,
    activations: ArrayFile | None,
) -> None:
    """Extract the off-the-shelf descriptors `pool` (N×D) and, with a classifier, `output` (N×K).

    `output` is the softmax over the classes of the pretrained network. The activations at the cut
    are appended to `activations`, unless it is None.

    Raises
    ------
    InputError
        If a descriptor is not finite, a single image does not fit into memory, or the source raises
        it.
    """
    describe = describer(backbone, processor)
    rows = consecutive_batches(descriptors.rows, processor.batch_size)
    for batch in progress(source.batches(rows), len(rows), "extract", "batch"):
        if activations is not None:
            activations.append("activation", batch.cpu().numpy())
        for name, values in describe(batch).items():
            descriptors.append(name, values)


def describer(
    backbone: Backbone, processor: Processor
) -> Callable[[Tensor], dict[str, np.ndarray]]:
    """Return a function from the activations of a batch to its off-the-shelf descriptors by name.

    It raises the errors of `extract`.
    """
    tail = for_inference(processor.place(backbone.tail), processor.inference)
    classifier = backbone.classifier and for_inference(
        processor.place(backbone.classifier), processor.inference
    )
    portions = Portions()

    @torch.inference_mode()
    def compute(batch: Tensor) -> dict[str, np.ndarray]:
        with processor.precision(processor.inference):
            feature_map = tail(processor.place_activations(batch))
            scores = classifier(feature_map) if classifier is not None else None
        arrays = {"pool": pool(feature_map).cpu().numpy()}
        if scores is not None:
            arrays["output"] = scores.float().softmax(1).cpu().numpy()
        return arrays

    def describe(batch: Tensor) -> dict[str, np.ndarray]:
        parts = portions.apply(compute, batch)
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        check_finite(arrays, processor.inference)
        return arrays

    return describe
