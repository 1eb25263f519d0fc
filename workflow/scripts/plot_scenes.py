"""Plot the accuracy of every method for every scene class."""

from pathlib import Path

from rsir.core.job import job
from rsir.evaluation.methods import without_derived
from rsir.evaluation.tables import read_named
from rsir.reports.figures.scenes import scenes_figure
from rsir.reports.figures.style import save

if __name__ == "__main__":
    with job(snakemake):
        table = read_named(Path(snakemake.input.table), snakemake.wildcards.archive)
        table = without_derived(table)
        save(scenes_figure(table), *map(Path, snakemake.output))
