"""Compare the numbers of the thesis with ours."""

from pathlib import Path

from rsir.core.job import job
from rsir.evaluation.tables import read_results, write_table
from rsir.evaluation.thesis_numbers import thesis_table

if __name__ == "__main__":
    with job(snakemake):
        comparison = read_results(Path(snakemake.input.comparison))
        write_table(Path(snakemake.output[0]), thesis_table(comparison))
