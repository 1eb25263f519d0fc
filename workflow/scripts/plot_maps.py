"""Plot maps of the descriptors, before and after fine-tuning."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.split_file import read_split
from rsir.core.hdf5 import read_attributes
from rsir.core.job import job
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.evaluation.methods import POOL
from rsir.reports.figures.maps import chosen_images, groups_of, maps_figure
from rsir.reports.figures.style import save


def main(archive: Path, split: Path, descriptors: list[Path], figures: list[Path]) -> None:
    """Map the pooled features of the test images."""
    images = read_archive(archive)
    rows = chosen_images(read_split(split, images))
    pooled = {}
    for path in descriptors:
        attributes = read_attributes(path)
        values = read_descriptors(path, list(images["image"]), [POOL], rows)
        pooled[attributes["backbone"], attributes["labeling"]] = values[POOL]
    save(maps_figure(pooled, groups_of(images, rows)), *figures)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            descriptors=[Path(path) for path in snakemake.input.descriptors],
            figures=[Path(path) for path in snakemake.output],
        )
