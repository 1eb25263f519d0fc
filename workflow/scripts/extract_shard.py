"""Extract the off-the-shelf descriptors and the activations of a shard of an archive."""

from pathlib import Path
from typing import Any

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.core.files import optional
from rsir.core.job import job
from rsir.core.origin import origin_attributes
from rsir.descriptors.extraction import extract_to_files
from rsir.descriptors.shards import shard_slice
from rsir.networks.load import load_backbone
from rsir.networks.precision import in_recorded_precision, recorded_precision, reduced_precision
from rsir.networks.processor import prepare_processor
from rsir.networks.weight_receipt import read_record, weight_facts


def main(
    archive: Path,
    pixels: Path,
    root: Path,
    weights: Path,
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
    table, record = read_archive(archive), read_record(weights)
    table = table.iloc[shard_slice(len(table), shard)]
    images = ArchiveImages(root, table["path"], read_pixel_format(pixels))
    backbone = load_backbone(Path(record.path) if record else None, **settings)
    images = backbone.preprocessing.select(images)
    method = {"backbone": name, "labeling": "off_the_shelf"}
    files = {"archive": archive, "pixels": pixels}
    facts = origin_attributes(files, settings, **method, **weight_facts(record))
    processor = recorded_precision(precision, processor, facts)
    made = descriptors, activations
    with in_recorded_precision():
        extract_to_files(backbone, table, images, threads, processor, facts, *made)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            pixels=Path(snakemake.input.pixels),
            root=Path(snakemake.params.root),
            weights=Path(snakemake.input.weights),
            precision=Path(snakemake.input.precision),
            shard=snakemake.wildcards.shard,
            name=snakemake.wildcards.backbone,
            settings=snakemake.params.backbone,
            threads=snakemake.threads,
            use_gpu=bool(snakemake.resources.get("gpu", 0)),
            descriptors=Path(snakemake.output.descriptors),
            activations=optional(snakemake.output.activations),
        )
