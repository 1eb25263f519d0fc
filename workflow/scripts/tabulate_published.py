"""Collect the metrics of a published protocol of all models of a run."""

from pathlib import Path

import pandas as pd

from rsir.core.job import job
from rsir.evaluation.published import published_table
from rsir.evaluation.tables import read_results, write_table

if __name__ == "__main__":
    with job(snakemake):
        tables = [read_results(Path(path)) for path in snakemake.input.tables]
        rows = pd.concat(tables, ignore_index=True)
        write_table(Path(snakemake.output[0]), published_table(rows))
