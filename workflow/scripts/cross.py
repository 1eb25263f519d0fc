"""Join the queries of one archive and the database of another."""

from pathlib import Path

import numpy as np

from rsir.archives.archive_table import read_archive, write_archive
from rsir.archives.joined import DATABASE, QUERIES, joined_archive
from rsir.core.files import written_whole
from rsir.core.job import job
from rsir.search.protocol import read_search


def main(
    names: tuple[str, str],
    archives: list[Path],
    splits: list[Path],
    subsets: tuple[str, str],
    joined: Path,
    split: Path,
) -> None:
    """Take the images that would be queries and database of a search within each archive."""
    tables = read_archive(archives[0]), read_archive(archives[1])
    queries, database = subsets
    of_queries = read_search(tables[0], splits[0], database, queries)
    of_database = read_search(tables[1], splits[1], database, queries)
    table = joined_archive(names, tables, (of_queries.queries, of_database.database))
    write_archive(table, joined)
    number = len(of_queries.queries)
    subset = np.where(np.arange(len(table)) < number, QUERIES, DATABASE)
    with written_whole(split) as partial:
        table[["image"]].assign(subset=subset).to_csv(partial, index=False, lineterminator="\n")


if __name__ == "__main__":
    with job(snakemake):
        main(
            names=tuple(snakemake.params.names),
            archives=[Path(path) for path in snakemake.input.archives],
            splits=[Path(path) for path in snakemake.input.splits],
            subsets=(snakemake.params.queries, snakemake.params.database),
            joined=Path(snakemake.output.archive),
            split=Path(snakemake.output.split),
        )
