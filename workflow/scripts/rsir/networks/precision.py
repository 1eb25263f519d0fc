"""Reduced precision: whether descriptors survive it, and half precision at the cut."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from rsir.core.errors import InputError
from rsir.networks.backbone import Backbone, pool
from rsir.networks.folding import fold_batch_norm
from rsir.networks.out_of_memory import Portions
from rsir.networks.preprocessing import Preprocessing
from rsir.networks.processor import Processor

COMPARED_IMAGES = 32
"""Number of images for which a reduced precision is compared with float32."""

LEAST_COSINE = 0.9995
"""The least cosine of their descriptors; that of no other image should then be below 0.999."""


def precise_enough(processor: Processor, backbone: Backbone, paths: Sequence[Path]) -> Processor:
    """Return the processor, in float32 where its own type would change the descriptors.

    How much a trunk loses in the 8 bits of bfloat16 or the range of float16 depends on the
    network and its weights, so evenly chosen images are described in both ways.

    Raises
    ------
    InputError
        If one of these images cannot be used, or memory does not hold a single one.
    """
    if processor.inference == torch.float32:
        return processor
    chosen = np.unique(np.linspace(0, len(paths) - 1, COMPARED_IMAGES).astype(int))
    loaded = [backbone.preprocessing.load(paths[row]) for row in chosen]
    pixels = torch.from_numpy(np.stack(loaded))
    exact = replace(processor, inference=torch.float32)
    expected = _pooled(exact, backbone, pixels)
    try:
        cosine = cosine_similarity(_pooled(processor, backbone, pixels), expected).min().item()
    except InputError:  # what float32 holds was too large
        cosine = 0.0
    if cosine >= LEAST_COSINE:
        return processor
    logging.info("the trunk computes in float32: in %s, cosine %.4f", processor.inference, cosine)
    return exact


@torch.inference_mode()
def activations_at_cut(
    trunk: nn.Module, preprocessing: Preprocessing, processor: Processor, pixels: Tensor
) -> Tensor:
    """Compute the activations at the cut B×C×H×W, rounded to half precision.

    `pixels` is uint8 B×H×W×3; the trunk is on the processor.

    Raises
    ------
    InputError
        If an activation is too large for half precision.
    """
    images = preprocessing.normalise(pixels.to(processor.device, non_blocking=True))
    with processor.precision(processor.inference):
        activations: Tensor = trunk(images).half()
    if not torch.isfinite(activations).all():
        raise InputError(
            "activations at the cut exceed half precision (65,504); "
            "cut the backbone elsewhere or give it other weights"
        )
    return activations


@torch.inference_mode()
def _pooled(processor: Processor, backbone: Backbone, pixels: Tensor) -> Tensor:
    """Return the pooled features of images, of which the trunk alone is computed as reduced."""
    trunk = fold_batch_norm(processor.place(backbone.trunk))
    tail = fold_batch_norm(processor.place(backbone.tail))

    def describe(batch: Tensor) -> Tensor:
        activations = activations_at_cut(trunk, backbone.preprocessing, processor, batch)
        return pool(tail(processor.place_activations(activations)))

    portions = Portions()
    batches = torch.split(pixels, processor.batch_size)
    return torch.cat([part for batch in batches for part in portions.apply(describe, batch)])
