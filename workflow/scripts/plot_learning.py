"""Plot the learning curves."""

from pathlib import Path

from rsir.core.job import job
from rsir.reports.figures.learning import learning_figure, read_curve
from rsir.reports.figures.style import save

if __name__ == "__main__":
    with job(snakemake):
        curves = [read_curve(Path(path)) for path in snakemake.input.curves]
        save(learning_figure(curves, snakemake.params.labelings), *map(Path, snakemake.output))
