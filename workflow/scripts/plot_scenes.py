"""Draw the accuracy of every method in every scene."""

from pathlib import Path

from rsir.figures.scenes import scenes_figure
from rsir.figures.style import save
from rsir.reporting import job
from rsir.scores import read_results

if __name__ == "__main__":
    with job(snakemake):
        table = read_results(Path(snakemake.input.table))
        save(scenes_figure(table), *map(Path, snakemake.output))
