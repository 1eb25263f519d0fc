"""Write the summary and the tables as one page, and the comparison as a LaTeX table."""

from pathlib import Path

from rsir.core.files import written_whole
from rsir.core.job import job
from rsir.evaluation.tables import read_named
from rsir.reports.latex import latex_table
from rsir.reports.overview import overview

if __name__ == "__main__":
    with job(snakemake):
        archive = snakemake.wildcards.archive
        comparison = read_named(Path(snakemake.input.comparison), archive)
        contrasts = read_named(Path(snakemake.input.contrasts), archive)
        reference = snakemake.params.reference
        page = overview(
            template=Path(snakemake.input.page[0]),
            archive=archive,
            summary=Path(snakemake.input.summary).read_text(encoding="utf-8"),
            comparison=comparison,
            contrasts=contrasts,
            reference=reference,
        )
        table = latex_table(comparison, contrasts.assign(archive=archive), reference)
        for path, text in ((snakemake.output.page, page), (snakemake.output.latex, table)):
            with written_whole(Path(path)) as partial:
                partial.write_text(text, encoding="utf-8")
