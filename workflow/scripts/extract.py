"""Extract the off-the-shelf descriptors of an archive, and store the activations at the cut."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from rsir.core.files import optional
from rsir.core.job import job
from rsir.descriptors.extraction import extract_to_files
from rsir.descriptors.network_inputs import load_inputs
from rsir.descriptors.precision_choice import choose_precision
from rsir.descriptors.shards import suggest_shards
from rsir.networks.precision import (
    computed_in_float32_if_needed,
    reduced_precision,
    write_precision,
)
from rsir.networks.processor import Processor, prepare_processor


def main(
    files: dict[str, Path],
    root: Path,
    name: str,
    settings: dict[str, Any],
    threads: int,
    use_gpu: bool,
    descriptors: Path,
    activations: Path | None,
    precision: Path,
) -> None:
    """Extract descriptors and, optionally, activations in one pass over the images.

    The data type of inference is chosen before, and recorded for later jobs. If it turns out to be
    too small for an image, the pass is repeated in float32.
    """
    processor = reduced_precision(prepare_processor(threads, use_gpu))
    method = {"backbone": name, "labeling": "off_the_shelf"}
    inputs = load_inputs(**files, root=root, settings=settings, method=method)
    suggest_shards(len(inputs.archive))
    chosen = choose_precision(inputs.backbone, inputs.images, processor)

    def run(processor: Processor) -> None:
        extract_to_files(inputs, threads, processor, descriptors, activations)

    applied = chosen.applied(processor)
    if computed_in_float32_if_needed(run, applied) != applied:
        chosen = replace(chosen, inference="float32", worst_cosine=0.0)
    write_precision(precision, chosen, inputs.facts)


if __name__ == "__main__":
    with job(snakemake):
        main(
            files={name: Path(snakemake.input[name]) for name in ("archive", "pixels", "weights")},
            root=Path(snakemake.params.root),
            name=snakemake.wildcards.backbone,
            settings=snakemake.params.backbone,
            threads=snakemake.threads,
            use_gpu=bool(snakemake.resources.get("gpu", 0)),
            descriptors=Path(snakemake.output.descriptors),
            activations=optional(snakemake.output.activations),
            precision=Path(snakemake.output.precision),
        )
