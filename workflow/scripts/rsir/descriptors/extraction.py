"""Extraction: descriptors off the shelf, in the one pass over the pixels."""

import numpy as np
import torch
from torch import Tensor

from rsir.core.hdf5 import ArrayFile
from rsir.core.progress import progress
from rsir.descriptors.activations import ActivationSource, consecutive_batches
from rsir.networks.backbone import Backbone, pool
from rsir.networks.folding import fold_batch_norm
from rsir.networks.out_of_memory import Portions
from rsir.networks.processor import Processor


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
        described = {"pool": pool(feature_map).cpu().numpy()}
        if scores is not None:
            described["output"] = scores.float().softmax(1).cpu().numpy()
        return described

    portions = Portions()
    rows = consecutive_batches(descriptors.rows, processor.batch_size)
    for batch in progress(source.batches(rows), len(rows), "extract", "batch"):
        if activations is not None:
            activations.append("activation", batch.cpu().numpy())
        for described in portions.apply(describe, batch):
            for name, values in described.items():
                descriptors.append(name, values)
