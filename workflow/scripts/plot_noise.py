"""Plot accuracy against the share of wrong labels in training."""

from pathlib import Path

from rsir.core.job import job
from rsir.evaluation.tables import read_named
from rsir.reports.figures.noise import noise_figure
from rsir.reports.figures.style import save

if __name__ == "__main__":
    with job(snakemake):
        table = read_named(Path(snakemake.input.table), snakemake.wildcards.archive)
        save(noise_figure(table, snakemake.params.lines), *map(Path, snakemake.output))
