"""Extraction of off-the-shelf descriptors in one pass over the images."""

from collections.abc import Callable

import numpy as np
import torch

from rsir.core.hdf5 import ArrayFile
from rsir.core.progress import progress
from rsir.descriptors.activations import ActivationSource, consecutive_batches
from rsir.descriptors.descriptor_files import activation_names
from rsir.networks.backbone import Activations, Backbone, classified, pooled
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

    `output` is the softmax over the classes of the pretrained network. A classifier that is a
    projection into a space of images and texts has no classes; its result is `projection`. The
    activations at the cut are appended to `activations`, unless it is None.

    Raises
    ------
    InputError
        If a descriptor is not finite, a single image does not fit into memory, or the source raises
        it.
    """
    describe = describer(backbone, processor)
    names = activation_names(len(backbone.activation_shapes))
    rows = consecutive_batches(descriptors.rows, processor.batch_size)
    for batch in progress(source.batches(rows), len(rows), "extract", "batch"):
        if activations is not None:
            for name, tensor in zip(names, batch, strict=True):
                activations.append(name, tensor.cpu().numpy())
        for name, values in describe(batch).items():
            descriptors.append(name, values)


def describer(
    backbone: Backbone, processor: Processor
) -> Callable[[Activations], dict[str, np.ndarray]]:
    """Return a function from the activations of a batch to its off-the-shelf descriptors by name.

    It raises the errors of `extract`.
    """
    tail = for_inference(processor.place(backbone.tail), processor.inference)
    pooling = processor.place(backbone.pooling)
    classifier = backbone.classifier and for_inference(
        processor.place(backbone.classifier), processor.inference
    )
    portions = Portions()

    @torch.inference_mode()
    def compute(batch: Activations) -> dict[str, np.ndarray]:
        with processor.precision(processor.inference):
            features = tail(*processor.place_activations(batch))
            scores = classified(classifier, features) if classifier is not None else None
        arrays = {"pool": pooled(pooling, features).cpu().numpy()}
        if scores is not None and backbone.projection:
            arrays["projection"] = scores.float().cpu().numpy()
        elif scores is not None:
            arrays["output"] = scores.float().softmax(1).cpu().numpy()
        return arrays

    def describe(batch: Activations) -> dict[str, np.ndarray]:
        parts = portions.apply(compute, batch)
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        check_finite(arrays, processor.inference)
        return arrays

    return describe
