"""Write a thumbnail of each image of an archive."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.archives.thumbnails import make_thumbnails, write_thumbnails
from rsir.core.job import job


def main(archive: Path, pixels: Path, root: Path, workers: int, thumbnails: Path) -> None:
    """Shrink all images and write their thumbnails."""
    table = read_archive(archive)
    images = ArchiveImages(root, table["path"], read_pixel_format(pixels))
    jpegs = make_thumbnails(images, workers)
    write_thumbnails(thumbnails, archive, list(table["image"]), jpegs)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            pixels=Path(snakemake.input.pixels),
            root=Path(snakemake.params.root),
            workers=snakemake.threads,
            thumbnails=Path(snakemake.output[0]),
        )
