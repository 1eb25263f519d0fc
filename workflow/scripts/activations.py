"""Store the activations at a cut that a labeling states."""

from pathlib import Path
from typing import Any

from rsir.core.job import job
from rsir.descriptors.extraction import store_activations
from rsir.descriptors.network_inputs import load_inputs
from rsir.networks.precision import (
    computed_in_float32_if_needed,
    in_recorded_precision,
    recorded_precision,
    reduced_precision,
)
from rsir.networks.processor import Processor, prepare_processor


def main(
    files: dict[str, Path],
    precision: Path,
    root: Path,
    name: str,
    settings: dict[str, Any],
    cut: str,
    shard: str | None,
    threads: int,
    use_gpu: bool,
    activations: Path,
) -> None:
    """Compute the activations in one pass over the images, of the archive or of a shard of it."""
    available = reduced_precision(prepare_processor(threads, use_gpu))
    method = {"backbone": name}
    inputs = load_inputs(**files, root=root, settings=settings, method=method, cut=cut, shard=shard)

    def run(processor: Processor) -> None:
        store_activations(inputs, threads, processor, activations)

    processor = recorded_precision(precision, available, inputs.facts)
    if shard:
        with in_recorded_precision():
            run(processor)
    else:
        computed_in_float32_if_needed(run, processor)


if __name__ == "__main__":
    with job(snakemake):
        cut, _, shard = snakemake.wildcards.part.partition("/")
        main(
            files={name: Path(snakemake.input[name]) for name in ("archive", "pixels", "weights")},
            precision=Path(snakemake.input.precision),
            root=Path(snakemake.params.root),
            name=snakemake.wildcards.backbone,
            settings=snakemake.params.backbone,
            cut=cut,
            shard=shard or None,
            threads=snakemake.threads,
            use_gpu=bool(snakemake.resources.get("gpu", 0)),
            activations=Path(snakemake.output[0]),
        )
