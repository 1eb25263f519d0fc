"""Draw the planned contrasts."""

from pathlib import Path

from rsir.figures.contrasts import contrasts_figure
from rsir.figures.style import save
from rsir.reporting import job
from rsir.scores import read_results

if __name__ == "__main__":
    with job(snakemake):
        table = read_results(Path(snakemake.input.table))
        save(contrasts_figure(table, snakemake.params.labelings), *map(Path, snakemake.output))
