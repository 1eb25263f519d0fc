"""Extract the descriptors of a shard with fine-tuned tails and heads."""

from pathlib import Path
from typing import Any

from rsir.core.files import optional
from rsir.core.job import job
from rsir.core.origin import method_of
from rsir.descriptors.network_inputs import load_inputs
from rsir.networks.precision import in_recorded_precision, reduced_precision
from rsir.networks.processor import prepare_processor
from rsir.training.model_check import check_describing_model
from rsir.training.reextraction import reextract_to_file


def main(
    files: dict[str, Path],
    root: Path,
    precision: Path,
    shard: str,
    activations: Path | None,
    models: Path,
    source_archive: Path | None,
    source_precision: Path | None,
    method: dict[str, Any],
    settings: dict[str, Any],
    cut: str | None,
    threads: int,
    use_gpu: bool,
    descriptors: Path,
) -> None:
    """Extract the descriptors in one pass over the activations.

    The model may be of another archive, whose table and precision are `source_archive` and
    `source_precision`.
    """
    available = reduced_precision(prepare_processor(threads, use_gpu))
    inputs = load_inputs(**files, root=root, settings=settings, method=method, cut=cut, shard=shard)
    processor, attributes = check_describing_model(
        models,
        precision,
        source_archive,
        source_precision,
        available,
        inputs.facts,
        {"archive": files["archive"], "pixels": files["pixels"]},
    )
    with in_recorded_precision():
        reextract_to_file(models, inputs, activations, threads, processor, attributes, descriptors)


if __name__ == "__main__":
    with job(snakemake):
        main(
            files={name: Path(snakemake.input[name]) for name in ("archive", "pixels", "weights")},
            root=Path(snakemake.params.root),
            precision=Path(snakemake.input.precision),
            shard=snakemake.wildcards.shard,
            activations=optional(snakemake.input.activations),
            models=Path(snakemake.input.models[0]),
            source_archive=optional(snakemake.input.source_archive),
            source_precision=optional(snakemake.input.source_precision),
            method=method_of(
                snakemake.wildcards.archive,
                snakemake.wildcards.backbone,
                snakemake.wildcards.model,
            ),
            settings=snakemake.params.backbone,
            cut=snakemake.params.cut,
            threads=snakemake.threads,
            use_gpu=bool(snakemake.resources.get("gpu", 0)),
            descriptors=Path(snakemake.output[0]),
        )
