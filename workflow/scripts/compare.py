"""Compare all methods of a run."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.core.job import job
from rsir.evaluation.comparison import comparison
from rsir.evaluation.runs import read_all_scores
from rsir.evaluation.tables import write_table
from rsir.search.protocol import read_search


def main(
    name: str,
    archive: Path,
    split: Path,
    scores: list[str],
    database: str,
    queries: str,
    table: Path,
) -> None:
    """Average over seeds and queries."""
    search = read_search(read_archive(archive), split, database, queries)
    write_table(table, comparison(name, read_all_scores(scores), len(search.database)))


if __name__ == "__main__":
    with job(snakemake):
        main(
            name=snakemake.wildcards.archive,
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            scores=[*snakemake.input.scores, snakemake.input.bounds],
            database=snakemake.params.database,
            queries=snakemake.params.queries,
            table=Path(snakemake.output[0]),
        )
