"""Find the images that are like a picture that is not in the archive."""

from pathlib import Path

from rsir.answer import answer
from rsir.files import optional
from rsir.reporting import job

if __name__ == "__main__":
    with job(snakemake):
        answer(
            photo=Path(snakemake.input.photo),
            archive=Path(snakemake.input.archive),
            thumbnails=Path(snakemake.input.thumbnails),
            descriptors=Path(snakemake.input.descriptors),
            weights=optional(snakemake.input.weights),
            models=optional(snakemake.input.models),
            descriptor=None,
            top=snakemake.params.top,
            threads=snakemake.threads,
            template=Path(snakemake.input.page[0]),
            table=Path(snakemake.output.table),
            sheet=Path(snakemake.output.sheet),
            page=Path(snakemake.output.page),
        )
