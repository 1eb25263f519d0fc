"""Plot the comparison of all methods."""

from pathlib import Path

from rsir.core.job import job
from rsir.evaluation.tables import read_named
from rsir.reports.figures.comparison import comparison_figure
from rsir.reports.figures.style import save

if __name__ == "__main__":
    with job(snakemake):
        table = read_named(Path(snakemake.input.table), snakemake.wildcards.archive)
        save(comparison_figure(table, snakemake.params.labelings), *map(Path, snakemake.output))
