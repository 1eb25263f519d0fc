"""Extract the off-the-shelf descriptors and the activations of a shard of an archive."""

from pathlib import Path
from typing import Any

from rsir.core.files import optional
from rsir.core.job import job
from rsir.descriptors.extraction import extract_to_files
from rsir.descriptors.network_inputs import load_inputs
from rsir.networks.precision import in_recorded_precision, recorded_precision, reduced_precision
from rsir.networks.processor import prepare_processor


def main(
    files: dict[str, Path],
    root: Path,
    precision: Path,
    shard: str,
    name: str,
    settings: dict[str, Any],
    threads: int,
    use_gpu: bool,
    descriptors: Path,
    activations: Path | None,
) -> None:
    """Extract descriptors and, optionally, activations in one pass over the images of the shard."""
    processor = reduced_precision(prepare_processor(threads, use_gpu))
    method = {"backbone": name, "labeling": "off_the_shelf"}
    inputs = load_inputs(**files, root=root, settings=settings, method=method, shard=shard)
    processor = recorded_precision(precision, processor, inputs.facts)
    with in_recorded_precision():
        extract_to_files(inputs, threads, processor, descriptors, activations)


if __name__ == "__main__":
    with job(snakemake):
        main(
            files={name: Path(snakemake.input[name]) for name in ("archive", "pixels", "weights")},
            root=Path(snakemake.params.root),
            precision=Path(snakemake.input.precision),
            shard=snakemake.wildcards.shard,
            name=snakemake.wildcards.backbone,
            settings=snakemake.params.backbone,
            threads=snakemake.threads,
            use_gpu=bool(snakemake.resources.get("gpu", 0)),
            descriptors=Path(snakemake.output.descriptors),
            activations=optional(snakemake.output.activations),
        )
