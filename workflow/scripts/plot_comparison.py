"""Draw the comparison of all methods."""

from pathlib import Path

from rsir.figures.comparison import comparison_figure
from rsir.figures.style import save
from rsir.reporting import job
from rsir.scores import read_results

if __name__ == "__main__":
    with job(snakemake):
        table = read_results(Path(snakemake.input.table))
        save(comparison_figure(table, snakemake.params.labelings), *map(Path, snakemake.output))
