"""Choose the data type of inference for all shards of an archive."""

from pathlib import Path
from typing import Any

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.core.job import job
from rsir.core.origin import origin_attributes
from rsir.descriptors.precision_choice import choose_precision
from rsir.networks.load import load_backbone
from rsir.networks.precision import reduced_precision, write_precision
from rsir.networks.processor import prepare_processor
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
    precision: Path,
) -> None:
    """Compare the descriptors of some images in both data types, and record the choice."""
    processor = reduced_precision(prepare_processor(threads, use_gpu))
    table, record = read_archive(archive), read_record(weights)
    images = ArchiveImages(root, table["path"], read_pixel_format(pixels))
    backbone = load_backbone(Path(record.path) if record else None, **settings)
    method = {"backbone": name, "labeling": "off_the_shelf"}
    files = {"archive": archive, "pixels": pixels}
    facts = origin_attributes(files, settings, **method, **weight_facts(record))
    chosen = choose_precision(backbone, backbone.preprocessing.select(images), processor)
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
            precision=Path(snakemake.output[0]),
        )
