"""Learn the visual words of an archive from its training images."""

from pathlib import Path
from typing import Any

import numpy as np

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.archives.split_file import read_split
from rsir.core.hdf5 import new_arrays
from rsir.core.job import job
from rsir.core.origin import origin_attributes
from rsir.descriptors.handcrafted_files import WORDS
from rsir.descriptors.visual_words import learn_words, sample_keypoints


def main(
    archive: Path,
    pixels: Path,
    split: Path,
    root: Path,
    name: str,
    settings: dict[str, Any],
    threads: int,
    words: Path,
) -> None:
    """Sample keypoints of the training images, cluster them and write the centres."""
    table = read_archive(archive)
    images = ArchiveImages(root, list(table["path"]), read_pixel_format(pixels))
    train = np.flatnonzero(read_split(split, table) == "train")
    keypoints = sample_keypoints(images, train, settings["seed"], threads)
    files = {"archive": archive, "pixels": pixels, "split": split}
    facts = origin_attributes(files, settings, backbone=name)
    centres = learn_words(keypoints, settings["seed"])
    with new_arrays(words, facts) as file:
        file.create_dataset(WORDS, data=centres, fletcher32=True)


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
            words=Path(snakemake.output[0]),
        )
