"""Write the pairs of duplicates among the images of an archive."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.duplicates_table import duplicates_table, write_duplicates
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.audit.duplicates import find_duplicates
from rsir.core.job import job


def main(archive: Path, pixels: Path, root: Path, workers: int, duplicates: Path) -> None:
    """Find duplicates by their files, their pixels and parts that they share."""
    table = read_archive(archive)
    pixel_format = read_pixel_format(pixels)
    images = ArchiveImages(root, table["path"], pixel_format)
    bands = None if pixel_format.of_pictures else images.select(pixel_format.bands)
    digests = list(table["sha256"])
    pairs = find_duplicates(images, digests, workers, bands, duplicates.parent)
    write_duplicates(duplicates_table(list(table["image"]), pairs), duplicates)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            pixels=Path(snakemake.input.pixels),
            root=Path(snakemake.params.root),
            workers=snakemake.threads,
            duplicates=Path(snakemake.output[0]),
        )
