"""Plot the numbers of the thesis and ours."""

from pathlib import Path

from rsir.core.job import job
from rsir.evaluation.tables import read_named
from rsir.reports.figures.style import save
from rsir.reports.figures.thesis import thesis_figure

if __name__ == "__main__":
    with job(snakemake):
        table = read_named(Path(snakemake.input.table), snakemake.wildcards.archive)
        save(thesis_figure(table, snakemake.params.labelings), *map(Path, snakemake.output))
