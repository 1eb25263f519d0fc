"""Plot accuracy against size and speed of approximate indexes."""

from pathlib import Path

from rsir.core.job import job
from rsir.evaluation.tables import read_named
from rsir.reports.figures.indexes import indexes_figure
from rsir.reports.figures.style import save

if __name__ == "__main__":
    with job(snakemake):
        table = read_named(Path(snakemake.input.table), snakemake.wildcards.archive)
        save(indexes_figure(table), *map(Path, snakemake.output))
