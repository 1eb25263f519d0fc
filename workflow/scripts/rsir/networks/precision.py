"""Precision: the choice of reduced number types, and half precision at the cut."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from rsir.core.errors import InputError
from rsir.networks.backbone import Backbone, pool
from rsir.networks.folding import for_inference
from rsir.networks.out_of_memory import Portions
from rsir.networks.preprocessing import Preprocessing
from rsir.networks.processor import Processor

COMPARED_IMAGES = 32
"""Number of images for which reduced precision is compared with float32."""

LEAST_COSINE = 0.9995
"""Minimum cosine similarity of their descriptors; aims at 0.999 or more for all other images."""


def reduced_precision(processor: Processor) -> Processor:
    """Return the processor with the number types that its hardware computes fastest.

    Training is in bfloat16 if the hardware supports it, else in float32, since float16 gradients
    underflow. Inference is in float16 on a GPU, which is as fast as bfloat16 with an eighth of its
    rounding error, and as in training on a CPU.
    """
    if processor.device.type == "cuda":
        inference = torch.float16
        in_hardware = torch.cuda.is_bf16_supported(including_emulation=False)
        training = torch.bfloat16 if in_hardware else torch.float32
    else:
        inference = training = torch.bfloat16 if _has_bfloat16() else torch.float32
    logging.info("inference in %s, training in %s", inference, training)
    return replace(processor, inference=inference, training=training)


def precise_enough(
    processor: Processor, backbone: Backbone, images: Sequence[NDArray[Any]]
) -> Processor:
    """Return the processor, with inference in float32 if its data type changes the descriptors.

    The error from the 8-bit significand of bfloat16 or the range of float16 depends on the network
    and its weights, so the descriptors of evenly spaced images are compared in both precisions.

    Raises
    ------
    InputError
        If one of these images cannot be used, or a single one does not fit into memory.
    """
    if processor.inference == torch.float32:
        return processor
    rows = np.unique(np.linspace(0, len(images) - 1, COMPARED_IMAGES).astype(int))
    prepared = [backbone.preprocessing.prepare(images[row]) for row in rows]
    pixels = torch.from_numpy(np.stack(prepared))
    exact = replace(processor, inference=torch.float32)
    expected = _pooled(exact, backbone, pixels)
    try:
        cosine = cosine_similarity(_pooled(processor, backbone, pixels), expected).min().item()
    except InputError:  # an activation that float32 can represent overflowed
        cosine = 0.0
    if cosine >= LEAST_COSINE:
        return processor
    logging.info("trunk in float32: cosine %.4f in %s is too low", cosine, processor.inference)
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
            "activations at the cut exceed the range of half precision (65,504); "
            "use another cut or other weights for the backbone"
        )
    return activations


@torch.inference_mode()
def _pooled(processor: Processor, backbone: Backbone, pixels: Tensor) -> Tensor:
    """Return the pooled features of images; only the trunk is computed in reduced precision."""
    trunk = for_inference(processor.place(backbone.trunk), processor.inference)
    tail = for_inference(processor.place(backbone.tail), torch.float32)

    def describe(batch: Tensor) -> Tensor:
        activations = activations_at_cut(trunk, backbone.preprocessing, processor, batch)
        return pool(tail(processor.place_activations(activations)))

    portions = Portions()
    batches = torch.split(pixels, processor.batch_size)
    return torch.cat([part for batch in batches for part in portions.apply(describe, batch)])


def _has_bfloat16() -> bool:
    """Return whether the CPU has bfloat16 products; emulated, they are slower than float32."""
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))
