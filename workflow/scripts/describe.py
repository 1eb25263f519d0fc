"""Compute the handcrafted descriptors of the images."""

from pathlib import Path

from rsir.core.files import optional
from rsir.core.job import job
from rsir.descriptors.handcrafted_files import write_histograms

if __name__ == "__main__":
    with job(snakemake):
        write_histograms(
            archive=Path(snakemake.input.archive),
            pixels=Path(snakemake.input.pixels),
            words=optional(snakemake.input.words),
            root=Path(snakemake.params.root),
            name=snakemake.wildcards.backbone,
            settings=snakemake.params.backbone,
            workers=snakemake.threads,
            descriptors=Path(snakemake.output[0]),
        )
