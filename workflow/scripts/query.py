"""Retrieve the images that are most similar to an image outside the archive."""

from pathlib import Path

from rsir.core.files import optional
from rsir.core.job import job
from rsir.reports.query_report import write_query_report

if __name__ == "__main__":
    with job(snakemake):
        write_query_report(
            query_image=Path(snakemake.input.image),
            archive=Path(snakemake.input.archive),
            pixels=Path(snakemake.input.pixels),
            thumbnails=Path(snakemake.input.thumbnails),
            descriptors=Path(snakemake.input.descriptors),
            weights=optional(snakemake.input.weights),
            precision=optional(snakemake.input.precision),
            models=optional(snakemake.input.models),
            descriptor=None,
            top=snakemake.params.top,
            threads=snakemake.threads,
            template=Path(snakemake.input.page[0]),
            table=Path(snakemake.output.table),
            sheet=Path(snakemake.output.sheet),
            page=Path(snakemake.output.page),
        )
