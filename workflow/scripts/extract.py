"""Extract the off-the-shelf descriptors of an archive, and store the activations at the cut."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.core.files import optional
from rsir.core.job import job
from rsir.core.origin import origin_attributes
from rsir.descriptors.extraction import extract_to_files
from rsir.descriptors.precision_choice import choose_precision
from rsir.networks.load import load_backbone
from rsir.networks.precision import (
    computed_in_float32_if_needed,
    reduced_precision,
    write_precision,
)
from rsir.networks.processor import Processor, prepare_processor
from rsir.networks.weight_receipt import read_record, weight_facts


def main(
    archive: Path,
    pixels: Path,
    root: Path,
    weights: Path,
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
    table, record = read_archive(archive), read_record(weights)
    images = ArchiveImages(root, table["path"], read_pixel_format(pixels))
    backbone = load_backbone(Path(record.path) if record else None, **settings)
    images = backbone.preprocessing.select(images)
    method = {"backbone": name, "labeling": "off_the_shelf"}
    files = {"archive": archive, "pixels": pixels}
    facts = origin_attributes(files, settings, **method, **weight_facts(record))
    chosen = choose_precision(backbone, images, processor)

    def run(processor: Processor) -> None:
        made = descriptors, activations
        extract_to_files(backbone, table, images, threads, processor, facts, *made)

    applied = chosen.applied(processor)
    if computed_in_float32_if_needed(run, applied) != applied:
        chosen = replace(chosen, inference="float32", worst_cosine=0.0)
    write_precision(precision, chosen, facts)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            pixels=Path(snakemake.input.pixels),
            root=Path(snakemake.params.root),
            weights=Path(snakemake.input.weights),
            name=snakemake.wildcards.backbone,
            settings=snakemake.params.backbone,
            threads=snakemake.threads,
            use_gpu=bool(snakemake.resources.get("gpu", 0)),
            descriptors=Path(snakemake.output.descriptors),
            activations=optional(snakemake.output.activations),
            precision=Path(snakemake.output.precision),
        )
