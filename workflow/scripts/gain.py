"""Gather what is gained over the features off the shelf."""

from pathlib import Path

from rsir.contrasts import gain
from rsir.reporting import reported
from rsir.scores import read_results, write_table

if __name__ == "__main__":
    with reported(snakemake.log[0]):
        contrasts = read_results(Path(snakemake.input.contrasts))
        write_table(Path(snakemake.output[0]), gain(contrasts))
