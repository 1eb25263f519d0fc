"""Plot the comparison of all methods."""

from pathlib import Path

from rsir.core.job import job
from rsir.evaluation.methods import without_derived
from rsir.evaluation.tables import read_results
from rsir.reports.figures.comparison import comparison_figure
from rsir.reports.figures.style import save

if __name__ == "__main__":
    with job(snakemake):
        table = without_derived(read_results(Path(snakemake.input.table)))
        save(comparison_figure(table, snakemake.params.labelings), *map(Path, snakemake.output))
