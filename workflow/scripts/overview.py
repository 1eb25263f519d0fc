"""Write the summary and the tables as one page."""

from pathlib import Path

from rsir.core.files import written_whole
from rsir.core.job import job
from rsir.evaluation.tables import read_results
from rsir.reports.overview import overview

if __name__ == "__main__":
    with job(snakemake):
        text = overview(
            template=Path(snakemake.input.page[0]),
            archive=snakemake.wildcards.archive,
            summary=Path(snakemake.input.summary).read_text(encoding="utf-8"),
            comparison=read_results(Path(snakemake.input.comparison)),
            contrasts=read_results(Path(snakemake.input.contrasts)),
        )
        with written_whole(Path(snakemake.output[0])) as partial:
            partial.write_text(text, encoding="utf-8")
