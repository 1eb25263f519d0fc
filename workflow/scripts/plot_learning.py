"""Draw the learning curves."""

from pathlib import Path

from rsir.figures.learning import learning_figure, read_curve
from rsir.figures.style import save
from rsir.reporting import job

if __name__ == "__main__":
    with job(snakemake):
        curves = [read_curve(Path(path)) for path in snakemake.input.curves]
        save(learning_figure(curves, snakemake.params.labelings), *map(Path, snakemake.output))
