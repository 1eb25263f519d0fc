"""Extract the off-the-shelf descriptors of an archive, and store the activations at the cut."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.core.files import optional
from rsir.core.hdf5 import array_file
from rsir.core.job import job
from rsir.core.origin import origin_attributes
from rsir.descriptors.activations import open_source
from rsir.descriptors.extraction import extract
from rsir.networks.load import load_backbone
from rsir.networks.precision import reduced_precision
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
    descriptors: Path,
    activations: Path | None,
) -> None:
    """Extract descriptors and, optionally, activations in one pass over the images."""
    processor = reduced_precision(prepare_processor(threads))
    table, record = read_archive(archive), read_record(weights)
    images, names = (
        ArchiveImages(root, table["path"], read_pixel_format(pixels)),
        list(table["image"]),
    )
    backbone = load_backbone(Path(record.path) if record else None, **settings)
    method = {"backbone": name, "labeling": "off_the_shelf"}
    files = {"archive": archive, "pixels": pixels}
    facts = origin_attributes(files, settings, **method, **weight_facts(record))
    activation_file = array_file(activations, names, facts) if activations else nullcontext()
    with (
        open_source(None, table, images, backbone, threads, processor) as source,
        activation_file as activation_arrays,
        array_file(descriptors, names, facts) as descriptor_arrays,
    ):
        extract(backbone, source, processor, descriptor_arrays, activation_arrays)


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
            descriptors=Path(snakemake.output.descriptors),
            activations=optional(snakemake.output.activations),
        )
