"""Export the descriptors of a model with labels, predictions and places as GeoParquet."""

from pathlib import Path

import pyarrow as pa

from rsir.archives.archive_table import read_archive
from rsir.archives.attributes import read_attributes
from rsir.core.files import optional
from rsir.core.hdf5 import read_attributes as read_origin
from rsir.core.hdf5 import readable
from rsir.core.job import job
from rsir.core.origin import METHOD, check_model, check_origin
from rsir.core.remembered import remembered_sha256
from rsir.descriptors.descriptor_files import open_descriptors
from rsir.reports.export import export_table, write_export
from rsir.training.models import read_metadata, read_outputs

BLOCK = 16384
"""Images whose descriptors are in memory at a time."""


def main(
    archive: Path, attributes: Path, descriptors: Path, models: Path | None, export: Path
) -> None:
    """Check that the files belong together, and join them."""
    table = read_archive(archive)
    images = list(table["image"])
    origin = read_origin(descriptors)
    check_origin(
        descriptors, origin, {"archive_sha256": remembered_sha256(archive)}, ["archive_sha256"]
    )
    if models:
        check_model(models, read_metadata(models), origin)
    known, outputs = read_attributes(attributes, images), read_outputs(models) if models else None
    with open_descriptors(descriptors, images) as arrays:

        def block(start: int) -> pa.Table:
            rows = slice(start, start + BLOCK)
            with readable(descriptors):
                values = {name: array[rows] for name, array in arrays.items()}
            return export_table(table[rows], known[rows], values, outputs)

        blocks = map(block, range(0, len(images), BLOCK))
        facts = {name: str(origin[name]) for name in METHOD if name in origin}
        write_export(export, blocks, known, outputs, facts)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            attributes=Path(snakemake.input.attributes),
            descriptors=Path(snakemake.input.descriptors),
            models=optional(snakemake.input.models),
            export=Path(snakemake.output[0]),
        )
