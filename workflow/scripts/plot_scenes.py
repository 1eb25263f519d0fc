"""Plot the accuracy of every method for every scene class."""

from pathlib import Path

from rsir.core.job import job
from rsir.evaluation.methods import without_derived
from rsir.evaluation.tables import read_results
from rsir.reports.figures.scenes import scenes_figure
from rsir.reports.figures.style import save

if __name__ == "__main__":
    with job(snakemake):
        table = without_derived(read_results(Path(snakemake.input.table)))
        save(scenes_figure(table), *map(Path, snakemake.output))
