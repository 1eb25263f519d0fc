"""Join the descriptors of the queries of one archive and of the database of another."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rsir.archives.archive_table import read_archive
from rsir.archives.joined import rows_in
from rsir.core.hdf5 import array_file, read_attributes
from rsir.core.job import job
from rsir.core.origin import check_origin, digests, method_of
from rsir.core.remembered import remembered_sha256
from rsir.descriptors.descriptor_files import blocks, open_descriptors, rows_of

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
    with ExitStack() as stack:
        for name, source, path, facts in zip(names, archives, descriptors, attributes, strict=True):
            check_origin(path, facts, known, SAME)
            of_source = {"archive_sha256": remembered_sha256(source)}
            check_origin(path, facts, of_source, ["archive_sha256"])
            images = read_archive(source)
            available = stack.enter_context(open_descriptors(path, list(images["image"])))
            parts.append((available, rows_in(images, name, table)))
        first, second = (available for available, _ in parts)
        origin = {name: known.get(name) for name in SAME} | digests({"archive": archive})
        file = stack.enter_context(array_file(joined, list(table["image"]), origin))
        for name in sorted(first.keys() & second.keys()):
            for available, rows in parts:
                for block in blocks(len(rows)):
                    file.append(name, rows_of(available[name], rows[block]))


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
