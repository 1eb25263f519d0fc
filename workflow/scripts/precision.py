"""Choose the data type of inference for all shards of an archive."""

from pathlib import Path
from typing import Any

from rsir.core.job import job
from rsir.descriptors.network_inputs import load_inputs
from rsir.descriptors.precision_choice import choose_precision
from rsir.networks.precision import reduced_precision, write_precision
from rsir.networks.processor import prepare_processor


def main(
    files: dict[str, Path],
    root: Path,
    name: str,
    settings: dict[str, Any],
    threads: int,
    use_gpu: bool,
    precision: Path,
) -> None:
    """Compare the descriptors of some images in both data types, and record the choice."""
    processor = reduced_precision(prepare_processor(threads, use_gpu))
    method = {"backbone": name, "labeling": "off_the_shelf"}
    inputs = load_inputs(**files, root=root, settings=settings, method=method)
    chosen = choose_precision(inputs.backbone, inputs.images, processor)
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
            precision=Path(snakemake.output[0]),
        )
