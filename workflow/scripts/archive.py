"""Write the table of an archive, one row per image, and the attributes of its images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rsir.archives.archive_table import write_archive
from rsir.archives.containers.opened import located
from rsir.archives.facts import pixel_settings
from rsir.archives.image_files import describe_images
from rsir.archives.kinds import READERS
from rsir.archives.listing import write_attributes
from rsir.archives.pixel_settings import resolve_pixel_format
from rsir.archives.pixels import write_pixel_format
from rsir.archives.places import add_places
from rsir.core.job import job


def main(
    root: Path,
    settings: Mapping[str, Any],
    workers: int,
    archive: Path,
    attributes: Path,
    pixels: Path,
) -> None:
    """Read images and labels, check them, and write their tables and their pixel format."""
    images = located(root)
    listing = READERS[settings["kind"]](images, settings)
    path = listing.table["path"]  # a list of it is large, and made where it is needed
    pixel_format = resolve_pixel_format(pixel_settings(settings), images, list(path))
    write_archive(describe_images(listing.table, images, workers, pixel_format), archive)
    write_attributes(add_places(listing.attributes, images, list(path), workers), attributes)
    write_pixel_format(pixels, pixel_format)


if __name__ == "__main__":
    with job(snakemake):
        main(
            root=Path(snakemake.params.root),
            settings=snakemake.params.settings,
            workers=snakemake.threads,
            archive=Path(snakemake.output.archive),
            attributes=Path(snakemake.output.attributes),
            pixels=Path(snakemake.output.pixels),
        )
