"""Re-extraction: descriptors of fine-tuned tails and heads from the activations at the cut."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import torch

from rsir.core.hdf5 import ArrayFile
from rsir.core.overlap import background
from rsir.core.progress import progress
from rsir.descriptors.activations import ActivationSource, consecutive_batches
from rsir.descriptors.extraction import append_finite
from rsir.networks.backbone import Activations
from rsir.networks.folding import for_inference
from rsir.networks.out_of_memory import Portions
from rsir.networks.processor import Processor, Results
from rsir.training.models import TaskModel


@torch.inference_mode()
def reextract(
    models: Iterable[TaskModel],
    source: ActivationSource,
    processor: Processor,
    descriptors: ArrayFile,
) -> None:
    """Extract the descriptors of fine-tuned tails and heads, as `TaskModel.describe` names them.

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

    def write(described: list[Results]) -> None:
        for part in described:
            append_finite(descriptors, part.arrays(), processor.inference)

    portions = Portions()
    rows = consecutive_batches(descriptors.rows, processor.batch_size)
    with background() as run:
        for batch in progress(source.batches(rows), len(rows), "re-extract", "batch"):
            run(partial(write, portions.apply(compute, batch)))
