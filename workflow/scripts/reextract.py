"""Extract descriptors with fine-tuned tails and heads."""

from pathlib import Path
from typing import Any

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.core.files import optional
from rsir.core.hdf5 import array_file, read_attributes
from rsir.core.job import job
from rsir.core.origin import check_origin, method_of, origin_attributes
from rsir.descriptors.activations import open_source
from rsir.networks.load import load_backbone
from rsir.networks.precision import (
    computed_in_float32_if_needed,
    reduced_precision,
)
from rsir.networks.processor import Processor, prepare_processor
from rsir.networks.weight_receipt import read_record, weight_facts
from rsir.training.model_check import check_describing_model
from rsir.training.models import load_models
from rsir.training.reextraction import reextract


def main(
    archive: Path,
    pixels: Path,
    root: Path,
    weights: Path,
    precision: Path,
    activations: Path | None,
    models: Path,
    source_archive: Path | None,
    source_precision: Path | None,
    method: dict[str, Any],
    settings: dict[str, Any],
    threads: int,
    use_gpu: bool,
    descriptors: Path,
) -> None:
    """Extract the descriptors in one pass over the activations.

    The model may be of another archive, whose table and precision are `source_archive` and
    `source_precision`.
    """
    table, record = read_archive(archive), read_record(weights)
    images = ArchiveImages(root, table["path"], read_pixel_format(pixels))
    files = {"archive": archive, "pixels": pixels}
    facts = origin_attributes(files, settings, **method, **weight_facts(record))
    processor, attributes = check_describing_model(
        models,
        precision,
        source_archive,
        source_precision,
        reduced_precision(prepare_processor(threads, use_gpu)),
        facts,
        files,
    )
    if activations:
        check_origin(activations, read_attributes(activations), facts)
    backbone = load_backbone(Path(record.path) if record else None, **settings)
    images = backbone.preprocessing.select(images)

    def run(processor: Processor) -> None:
        with (
            open_source(activations, table, images, backbone, threads, processor) as source,
            array_file(descriptors, list(table["image"]), attributes) as file,
        ):
            tuned = load_models(models, backbone)
            reextract(tuned, source, processor, file, backbone.views)

    computed_in_float32_if_needed(run, processor)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            pixels=Path(snakemake.input.pixels),
            root=Path(snakemake.params.root),
            weights=Path(snakemake.input.weights),
            precision=Path(snakemake.input.precision),
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
            threads=snakemake.threads,
            use_gpu=bool(snakemake.resources.get("gpu", 0)),
            descriptors=Path(snakemake.output[0]),
        )
