"""Extraction of off-the-shelf descriptors in one pass over the images."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np
import torch

from rsir.core.hdf5 import ArrayFile, array_file
from rsir.core.overlap import background
from rsir.core.progress import progress
from rsir.descriptors.activation_source import ActivationSource, consecutive_batches
from rsir.descriptors.activations import open_source
from rsir.descriptors.descriptor_files import activation_names
from rsir.descriptors.network_inputs import NetworkInputs
from rsir.networks.backbone import Activations, Backbone, classified, pooled
from rsir.networks.folding import for_inference
from rsir.networks.out_of_memory import Portions
from rsir.networks.precision import check_finite
from rsir.networks.processor import Processor, Results
from rsir.networks.views import averaged, grouped


def extract(
    backbone: Backbone,
    source: ActivationSource,
    processor: Processor,
    descriptors: ArrayFile,
    activations: ArrayFile | None,
) -> None:
    """Extract the off-the-shelf descriptors `pool` (N×D) and, with a classifier, `output` (N×K).

    With several views per image, the activations N×V×… of all are stored, and the descriptors are
    their means. `output` is the softmax over the classes of the pretrained network. A classifier
    that is a projection into a space of images and texts has no classes; its result is
    `projection`. The activations at the cut are appended to `activations`, unless it is None.

    Raises
    ------
    InputError
        If a descriptor is not finite, a single image does not fit into memory, or the source raises
        it.
    """
    describe = describer(backbone, processor)
    names = activation_names(len(backbone.activation_shapes))
    batches = batches_of_views(descriptors.rows, backbone.views, processor)

    def write(at_cut: Results, described: list[Results]) -> None:
        if activations is not None:
            append_activations(activations, at_cut, backbone.views)
        append_finite(descriptors, described, backbone.views, processor.inference)

    with background() as run:
        for batch in progress(source.batches(batches), len(batches), "extract", "batch"):
            stored = dict(zip(names, batch, strict=True)) if activations is not None else {}
            run(partial(write, Results(stored), describe(batch)))


def batches_of_views(images: int, views: int, processor: Processor) -> list[np.ndarray]:
    """Return the numbers of all views of images, in batches of whole images for inference."""
    size = max(1, processor.batch_size // views) * views
    return consecutive_batches(images * views, size)


def extract_to_files(
    inputs: NetworkInputs,
    threads: int,
    processor: Processor,
    descriptors: Path,
    activations: Path | None,
) -> None:
    """Write what `extract` computes from the images of an archive, or of a shard of it."""
    names, backbone = list(inputs.archive["image"]), inputs.backbone
    activation_file = array_file(activations, names, inputs.facts) if activations else nullcontext()
    with (
        open_source(None, inputs.archive, inputs.images, backbone, threads, processor) as source,
        activation_file as activation_arrays,
        array_file(descriptors, names, inputs.facts) as descriptor_arrays,
    ):
        extract(backbone, source, processor, descriptor_arrays, activation_arrays)


def store_activations(
    inputs: NetworkInputs, threads: int, processor: Processor, activations: Path
) -> None:
    """Write the activations at the cut that `extract` appends, without descriptors.

    Raises
    ------
    InputError
        If the source of the images raises it.
    """
    archive, backbone = inputs.archive, inputs.backbone
    names = activation_names(len(backbone.activation_shapes))
    batches = batches_of_views(len(archive), backbone.views, processor)
    with (
        open_source(None, archive, inputs.images, backbone, threads, processor) as source,
        array_file(activations, list(archive["image"]), inputs.facts) as file,
        background() as run,
    ):
        for batch in progress(source.batches(batches), len(batches), "activations", "batch"):
            results = Results(dict(zip(names, batch, strict=True)))
            run(partial(append_activations, file, results, backbone.views))


def append_activations(file: ArrayFile, at_cut: Results, views: int) -> None:
    """Append the activations of a batch of whole images to a file, N×… or N×V×…."""
    for name, values in at_cut.arrays().items():
        file.append(name, grouped(values, views))


def append_finite(
    file: ArrayFile, described: Sequence[Results], views: int, dtype: torch.dtype
) -> None:
    """Append the descriptors of a batch of whole images, computed in a data type, to a file.

    Parameters
    ----------
    file
        The file.
    described
        The descriptors by name, float32 B×D, in consecutive parts of the batch.
    views
        Number of views of an image, over which they are averaged.
    dtype
        The data type.

    Raises
    ------
    NotFiniteError
        If one of them is not finite.
    """
    parts = [part.arrays() for part in described]
    for part in parts:
        check_finite(part, dtype)
    for name in parts[0]:
        file.append(name, averaged(np.concatenate([part[name] for part in parts]), views))


def describer(backbone: Backbone, processor: Processor) -> Callable[[Activations], list[Results]]:
    """Return a function from the activations of a batch to its off-the-shelf descriptors by name.

    They are in consecutive parts, a single one unless memory runs out. The function raises a
    `MachineError` if a single image does not fit into memory.
    """
    tail = for_inference(processor.place(backbone.tail), processor.inference)
    pooling = processor.place(backbone.pooling)
    classifier = backbone.classifier and for_inference(
        processor.place(backbone.classifier), processor.inference
    )
    portions = Portions()

    @torch.inference_mode()
    def compute(batch: Activations) -> Results:
        with processor.precision(processor.inference):
            features = tail(*processor.place_activations(batch))
            scores = classified(classifier, features) if classifier is not None else None
        tensors = {"pool": pooled(pooling, features)}
        if scores is not None and backbone.projection:
            tensors["projection"] = scores.float()
        elif scores is not None:
            tensors["output"] = scores.float().softmax(1)
        return Results(tensors)

    return partial(portions.apply, compute)
