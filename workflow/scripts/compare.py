"""Compare all methods of the run on an archive."""

from pathlib import Path

import pandas as pd

from rsir.archives.archive_table import read_archive
from rsir.archives.split_file import read_split
from rsir.core.job import job
from rsir.evaluation.comparison import comparison
from rsir.evaluation.tables import read_results, write_table
from rsir.search.protocol import find_search


def main(
    name: str, archive: Path, split: Path, scores: list[Path], database: str, table: Path
) -> None:
    """Average over seeds and queries."""
    search = find_search(read_split(split, read_archive(archive)), database)
    rows = pd.concat(map(read_results, scores), ignore_index=True)
    write_table(table, comparison(name, rows, len(search.database)))


if __name__ == "__main__":
    with job(snakemake):
        main(
            name=snakemake.wildcards.archive,
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            scores=[Path(path) for path in (*snakemake.input.scores, snakemake.input.bounds)],
            database=snakemake.params.database,
            table=Path(snakemake.output[0]),
        )
