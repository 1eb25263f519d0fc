"""Plot the planned contrasts."""

from pathlib import Path

from rsir.core.job import job
from rsir.evaluation.tables import read_named
from rsir.reports.figures.contrasts import contrasts_figure
from rsir.reports.figures.style import save

if __name__ == "__main__":
    with job(snakemake):
        table = read_named(Path(snakemake.input.table), snakemake.wildcards.archive)
        save(contrasts_figure(table, snakemake.params.labelings), *map(Path, snakemake.output))
