"""Join the descriptors of all shards."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.core.hdf5 import read_attributes
from rsir.core.job import job
from rsir.core.origin import METHOD, ORIGIN, check_origin, digests
from rsir.descriptors.shards import join_shards


def main(archive: Path, shards: list[Path], descriptors: Path) -> None:
    """Check that the shards are of this archive and of one model, and copy them."""
    facts = read_attributes(shards[0]) | digests({"archive": archive})
    for path in shards:
        check_origin(path, read_attributes(path), facts, (*ORIGIN, *METHOD, "words_sha256"))
    join_shards(shards, list(read_archive(archive)["image"]), facts, descriptors)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            shards=[Path(path) for path in snakemake.input.shards],
            descriptors=Path(snakemake.output[0]),
        )
