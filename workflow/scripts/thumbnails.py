"""Write a thumbnail of each image of an archive."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.thumbnails import make_thumbnails, write_thumbnails
from rsir.core.job import job


def main(archive: Path, root: Path, workers: int, thumbnails: Path) -> None:
    """Shrink all images and write their thumbnails."""
    table = read_archive(archive)
    jpegs = make_thumbnails(table, root, workers)
    write_thumbnails(thumbnails, archive, table["image"].to_numpy(str), jpegs)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            root=Path(snakemake.params.root),
            workers=snakemake.threads,
            thumbnails=Path(snakemake.output[0]),
        )
