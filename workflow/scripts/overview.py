"""Write the summary and the tables as one page."""

from pathlib import Path

from rsir.core.files import written_whole
from rsir.core.job import job
from rsir.evaluation.tables import read_named
from rsir.reports.overview import overview

if __name__ == "__main__":
    with job(snakemake):
        archive = snakemake.wildcards.archive
        text = overview(
            template=Path(snakemake.input.page[0]),
            archive=archive,
            summary=Path(snakemake.input.summary).read_text(encoding="utf-8"),
            comparison=read_named(Path(snakemake.input.comparison), archive),
            contrasts=read_named(Path(snakemake.input.contrasts), archive),
        )
        with written_whole(Path(snakemake.output[0])) as partial:
            partial.write_text(text, encoding="utf-8")
