"""Tabulate the gain over the pooled off-the-shelf features."""

from pathlib import Path

from rsir.core.job import job
from rsir.evaluation.gain import gain
from rsir.evaluation.tables import read_results, write_table

if __name__ == "__main__":
    with job(snakemake):
        contrasts = read_results(Path(snakemake.input.contrasts))
        write_table(Path(snakemake.output[0]), gain(contrasts))
