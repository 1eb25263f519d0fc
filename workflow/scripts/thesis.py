"""Put the thesis' numbers beside ours."""

from pathlib import Path

import pandas as pd

from rsir.reporting import reported
from rsir.scores import write_table
from rsir.thesis import thesis_table

if __name__ == "__main__":
    with reported(snakemake.log[0]):
        comparison = pd.read_csv(snakemake.input.comparison)
        write_table(Path(snakemake.output[0]), thesis_table(comparison))
