"""Learn the visual words of an archive from its training images."""

from pathlib import Path

from rsir.core.job import job
from rsir.descriptors.handcrafted_files import write_words

if __name__ == "__main__":
    with job(snakemake):
        write_words(
            archive=Path(snakemake.input.archive),
            pixels=Path(snakemake.input.pixels),
            split=Path(snakemake.input.split),
            root=Path(snakemake.params.root),
            name=snakemake.wildcards.backbone,
            settings=snakemake.params.backbone,
            workers=snakemake.threads,
            words=Path(snakemake.output[0]),
        )
