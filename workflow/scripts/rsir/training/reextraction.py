"""Re-extraction: descriptors of fine-tuned tails and heads from the activations at the cut."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from rsir.core.hdf5 import ArrayFile, array_file, read_attributes
from rsir.core.origin import CUT, ORIGIN, check_origin
from rsir.core.overlap import background
from rsir.core.progress import progress
from rsir.descriptors.activation_source import ActivationSource
from rsir.descriptors.activations import open_source
from rsir.descriptors.extraction import append_finite, batches_of_views
from rsir.descriptors.network_inputs import NetworkInputs
from rsir.networks.backbone import Activations
from rsir.networks.folding import for_inference
from rsir.networks.out_of_memory import Portions
from rsir.networks.processor import Processor, Results
from rsir.training.models import TaskModel, load_models


@torch.inference_mode()
def reextract(
    models: Iterable[TaskModel],
    source: ActivationSource,
    processor: Processor,
    descriptors: ArrayFile,
    views: int = 1,
) -> None:
    """Extract the descriptors of fine-tuned tails and heads, as `TaskModel.describe` names them.

    Those of several views of an image are averaged.

    The descriptors of several tasks are concatenated, in the order of the tasks.

    Raises
    ------
    InputError
        If a descriptor is not finite, a single image does not fit into memory, or the source raises
        it.
    """
    placed = [
        replace(
            model,
            tail=for_inference(processor.place(model.tail), processor.inference),
            pooling=processor.place(model.pooling),
            head=processor.place(model.head),
        )
        for model in models
    ]

    def compute(batch: Activations) -> Results:
        activations = processor.place_activations(batch)
        with processor.precision(processor.inference):
            features = [model.tail(*activations) for model in placed]
        described = [model.describe(each) for model, each in zip(placed, features, strict=True)]
        return Results(
            {name: torch.cat([each[name] for each in described], 1) for name in described[0]}
        )

    portions = Portions()
    batches = batches_of_views(descriptors.rows, views, processor)
    with background() as run:
        for batch in progress(source.batches(batches), len(batches), "re-extract", "batch"):
            described = portions.apply(compute, batch)
            run(partial(append_finite, descriptors, described, views, processor.inference))


def reextract_to_file(
    models: Path,
    inputs: NetworkInputs,
    activations: Path | None,
    threads: int,
    processor: Processor,
    attributes: Mapping[str, Any],
    descriptors: Path,
) -> None:
    """Write what `reextract` computes for the images of an archive, or of a shard of it.

    The activations are those of a file, or are computed from the images.

    Raises
    ------
    InputError
        If the activations are of another origin, or `reextract` raises it.
    """
    if activations:
        check_origin(activations, read_attributes(activations), inputs.facts, (*ORIGIN, CUT))
    backbone = inputs.backbone
    with (
        open_source(
            activations, inputs.archive, inputs.images, backbone, threads, processor
        ) as source,
        array_file(descriptors, list(inputs.archive["image"]), attributes) as file,
    ):
        reextract(load_models(models, backbone), source, processor, file, backbone.views)
