"""Plot the comparison across archives."""

from pathlib import Path

from rsir.core.job import job
from rsir.evaluation.methods import ACROSS
from rsir.evaluation.tables import read_named
from rsir.reports.figures.forest import forest_figure
from rsir.reports.figures.heat_map import heat_map_figure
from rsir.reports.figures.style import save

if __name__ == "__main__":
    with job(snakemake):
        names = ("comparison", "contrasts", "ranks")
        tables = {name: read_named(Path(snakemake.input[name]), ACROSS) for name in names}
        made = snakemake.output
        save(forest_figure(tables["contrasts"]), Path(made.forest), Path(made.forest_svg))
        heat_map = heat_map_figure(tables["comparison"], tables["ranks"])
        save(heat_map, Path(made.heat_map), Path(made.heat_map_svg))
