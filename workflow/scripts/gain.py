"""Gather what is gained over the features off the shelf."""

from pathlib import Path

from rsir.contrasts import gain
from rsir.reporting import job
from rsir.scores import read_results, write_table

if __name__ == "__main__":
    with job(snakemake):
        contrasts = read_results(Path(snakemake.input.contrasts))
        write_table(Path(snakemake.output[0]), gain(contrasts))
