"""The choice of the data type of inference, by what the descriptors of some images lose."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rsir.descriptors.computed_activations import ComputedActivations
from rsir.descriptors.extraction import describer
from rsir.networks.backbone import Backbone
from rsir.networks.precision import NotFiniteError, Precision, check_finite
from rsir.networks.processor import Processor

LEAST_COSINE = 0.9995
"""Minimum cosine similarity of descriptors; aims at 0.999 or more for all other images."""

COMPARED_IMAGES = 32

STAGES = ((8, 0.9999), (2, 0.9998), (1, LEAST_COSINE))
"""Each compares every n-th of the images, and accepts a minimum cosine without the next stage."""

BATCH_SIZE = 4

Descriptors = dict[str, NDArray[np.float32]]


def choose_precision(
    backbone: Backbone, images: Sequence[NDArray[Any]], processor: Processor
) -> Precision:
    """Choose the processor's data type of inference, or float32 if it changes the descriptors.

    The error from the 8-bit significand of bfloat16 or the range of float16 depends on the network
    and its weights. So the descriptors of evenly spaced images are computed in both precisions, by
    trunk, tail and classifier, first of 4, then of 16 and of 32 images, until the result is clear.

    Raises
    ------
    InputError
        If one of these images cannot be used, a single one does not fit into memory, or an
        activation is too large for half precision.
    """
    device = processor.device.type
    if processor.inference == torch.float32:
        return Precision(device, "float32", None, 0)
    rows = np.unique(np.linspace(0, len(images) - 1, COMPARED_IMAGES).astype(int))
    reduced, exact = (
        _descriptors_of(backbone, images, replace(processor, inference=dtype))
        for dtype in (processor.inference, torch.float32)
    )
    name = str(processor.inference).removeprefix("torch.")
    worst, compared = 1.0, np.empty(0, int)
    for step, sufficient in STAGES:
        new = np.setdiff1d(rows[::step], compared)
        compared = np.union1d(rows[::step], compared)
        if len(new):
            worst = min(worst, _worst_cosine(reduced, exact, new))
        if not LEAST_COSINE <= worst < sufficient:
            break
    chosen = name if worst >= LEAST_COSINE else "float32"
    logging.info("inference in %s: cosine %.5f in %s", chosen, worst, name)
    return Precision(device, chosen, worst, len(compared))


def _descriptors_of(
    backbone: Backbone, images: Sequence[NDArray[Any]], processor: Processor
) -> Callable[[NDArray[np.int64]], Descriptors]:
    """Return a function from rows of the archive to their descriptors."""
    small = replace(processor, batch_size=BATCH_SIZE)
    source = ComputedActivations(replace(backbone, views=1), images, 0, small)
    describe = describer(backbone, small)

    def compute(rows: NDArray[np.int64]) -> Descriptors:
        batches = [rows[first : first + BATCH_SIZE] for first in range(0, len(rows), BATCH_SIZE)]
        parts = [part.arrays() for batch in source.batches(batches) for part in describe(batch)]
        descriptors = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        check_finite(descriptors, processor.inference)
        return descriptors

    return compute


def _worst_cosine(
    reduced: Callable[[NDArray[np.int64]], Descriptors],
    exact: Callable[[NDArray[np.int64]], Descriptors],
    rows: NDArray[np.int64],
) -> float:
    """Return the least cosine of a descriptor in both precisions; 0 if one is not finite."""
    expected = exact(rows)
    try:
        actual = reduced(rows)
    except NotFiniteError:  # float32 represents the value
        return 0.0
    pairs = [
        (torch.from_numpy(actual[name]), torch.from_numpy(values))
        for name, values in expected.items()
    ]
    return min(float(torch.cosine_similarity(*pair).min()) for pair in pairs)
