"""Score the lower and upper bounds, which depend on the labels only."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.split_file import read_split
from rsir.core.job import job
from rsir.evaluation.scores import bound_scores
from rsir.evaluation.tables import write_table
from rsir.search.protocol import find_search


def main(archive: Path, split: Path, cutoffs: list[int], database: str, scores: Path) -> None:
    """Compute all metrics for every query."""
    table = read_archive(archive)
    search = find_search(read_split(split, table), database)
    write_table(scores, bound_scores(table, search, cutoffs))


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            cutoffs=snakemake.params.cutoffs,
            database=snakemake.params.database,
            scores=Path(snakemake.output[0]),
        )
