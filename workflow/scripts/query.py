"""Retrieve the images that are most similar to an image outside the archive."""

from pathlib import Path

from rsir.core.job import job
from rsir.reports.model_files import ModelFiles
from rsir.reports.query_report import write_query_report

if __name__ == "__main__":
    with job(snakemake):
        write_query_report(
            query_image=Path(snakemake.input.image),
            files=ModelFiles(
                Path(snakemake.input.archive).parents[1],
                snakemake.wildcards.archive,
                snakemake.wildcards.backbone,
                snakemake.wildcards.model,
            ),
            descriptor=None,
            top=snakemake.params.top,
            threads=snakemake.threads,
            use_index=False,
            template=Path(snakemake.input.page[0]),
            table=Path(snakemake.output.table),
            sheet=Path(snakemake.output.sheet),
            page=Path(snakemake.output.page),
        )
