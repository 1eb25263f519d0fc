"""Compute the handcrafted descriptors of the images."""

from pathlib import Path
from typing import Any

import numpy as np

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.archives.split_file import read_split
from rsir.core.hdf5 import array_file
from rsir.core.job import job
from rsir.core.origin import origin_attributes
from rsir.descriptors.handcrafted import describe


def main(
    archive: Path,
    pixels: Path,
    split: Path,
    root: Path,
    name: str,
    settings: dict[str, Any],
    threads: int,
    descriptors: Path,
) -> None:
    """Compute and write the descriptors; visual words are learnt from the training images."""
    table = read_archive(archive)
    images = ArchiveImages(root, table["path"], read_pixel_format(pixels))
    train = np.flatnonzero(read_split(split, table) == "train")
    histograms = describe(settings["network"], images, train, settings["seed"], threads)
    files = {"archive": archive, "pixels": pixels, "split": split}
    facts = origin_attributes(
        files, settings, backbone=name, labeling="off_the_shelf", weights="none"
    )
    with array_file(descriptors, list(table["image"]), facts) as file:
        file.append("histogram", histograms)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            pixels=Path(snakemake.input.pixels),
            split=Path(snakemake.input.split),
            root=Path(snakemake.params.root),
            name=snakemake.wildcards.backbone,
            settings=snakemake.params.backbone,
            threads=snakemake.threads,
            descriptors=Path(snakemake.output[0]),
        )
