"""Score the floor and the ceilings, which labels alone give."""

from pathlib import Path

from rsir.archive import read_archive
from rsir.ranking import find_search
from rsir.reporting import job
from rsir.scores import bound_scores, write_table
from rsir.subset import read_split


def main(archive: Path, split: Path, cutoffs: list[int], database: str, scores: Path) -> None:
    """Score every query by every metric."""
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
