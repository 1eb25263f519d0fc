"""Draw the thesis' numbers beside ours."""

from pathlib import Path

from rsir.figures.style import save
from rsir.figures.thesis import thesis_figure
from rsir.reporting import job
from rsir.scores import read_results

if __name__ == "__main__":
    with job(snakemake):
        table = read_results(Path(snakemake.input.table))
        save(thesis_figure(table, snakemake.params.labelings), *map(Path, snakemake.output))
