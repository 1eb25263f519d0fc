"""Import descriptors that were computed elsewhere."""

from pathlib import Path
from typing import Any

from rsir.archives.archive_table import read_archive
from rsir.core.hdf5 import array_file
from rsir.core.job import job
from rsir.core.origin import origin_attributes
from rsir.core.remembered import remembered_sha256
from rsir.descriptors.external import read_external


def main(
    archive: Path,
    pixels: Path,
    file: Path,
    name: str,
    settings: dict[str, Any],
    descriptors: Path,
) -> None:
    """Read the vectors of the archive's images from a file, and write them as descriptors."""
    table = read_archive(archive)
    vectors = read_external(file, table)
    facts = origin_attributes(
        {"archive": archive, "pixels": pixels},
        settings,
        backbone=name,
        labeling="off_the_shelf",
        weights=str(file),
        weights_sha256=remembered_sha256(file),
    )
    with array_file(descriptors, list(table["image"]), facts) as arrays:
        arrays.append("pool", vectors)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            pixels=Path(snakemake.input.pixels),
            file=Path(snakemake.input.file),
            name=snakemake.wildcards.backbone,
            settings=snakemake.params.backbone,
            descriptors=Path(snakemake.output[0]),
        )
