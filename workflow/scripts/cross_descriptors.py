"""Join the descriptors of the queries of one archive and of the database of another."""

from pathlib import Path
from typing import Any

import numpy as np

from rsir.archives.archive_table import read_archive
from rsir.archives.joined import rows_in
from rsir.core.hdf5 import array_file, read_attributes
from rsir.core.job import job
from rsir.core.origin import check_origin, digests, method_of
from rsir.core.remembered import remembered_sha256
from rsir.descriptors.descriptor_files import read_descriptors

SAME = ("backbone", "weights_sha256", "backbone_settings", "labeling", "trained_on", "seed")
"""What both files must have in common."""


def main(
    names: tuple[str, str],
    archive: Path,
    archives: list[Path],
    descriptors: list[Path],
    method: dict[str, Any],
    joined: Path,
) -> None:
    """Check that one network gave both, and write their rows in the order of the joined archive."""
    table, attributes = read_archive(archive), [read_attributes(path) for path in descriptors]
    known = attributes[0] | {name: value for name, value in method.items() if value is not None}
    parts = []
    for name, source, path, facts in zip(names, archives, descriptors, attributes, strict=True):
        check_origin(path, facts, known, SAME)
        check_origin(path, facts, {"archive_sha256": remembered_sha256(source)}, ["archive_sha256"])
        images = read_archive(source)
        rows = rows_in(images, name, table)
        arrays = read_descriptors(path, list(images["image"]))
        parts.append({name: values[rows] for name, values in arrays.items()})
    first, second = parts
    origin = {name: known.get(name) for name in SAME} | digests({"archive": archive})
    with array_file(joined, list(table["image"]), origin) as file:
        for name in sorted(first.keys() & second.keys()):
            file.append(name, np.concatenate([first[name], second[name]]))


if __name__ == "__main__":
    with job(snakemake):
        main(
            names=tuple(snakemake.params.names),
            archive=Path(snakemake.input.archive),
            archives=[Path(path) for path in snakemake.input.archives],
            descriptors=[Path(path) for path in snakemake.input.descriptors],
            method=method_of("", snakemake.wildcards.backbone, snakemake.wildcards.model),
            joined=Path(snakemake.output[0]),
        )
