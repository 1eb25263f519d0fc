"""Collect the label transfer of all models of a run."""

from pathlib import Path

import pandas as pd

from rsir.core.job import job
from rsir.evaluation.label_transfer import label_transfer_table
from rsir.evaluation.tables import read_results, write_table

if __name__ == "__main__":
    with job(snakemake):
        rows = [read_results(Path(path)) for path in snakemake.input.rows]
        write_table(
            Path(snakemake.output[0]), label_transfer_table(pd.concat(rows, ignore_index=True))
        )
