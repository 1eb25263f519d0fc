"""Score what each query found."""

from pathlib import Path

from rsir.archive import read_archive
from rsir.ranking import read_rankings
from rsir.reporting import job
from rsir.scores import query_scores, write_table


def main(archive: Path, rankings: Path, cutoffs: list[int], scores: Path) -> None:
    """Score every query by every metric."""
    table = read_archive(archive)
    search, found, facts = read_rankings(rankings, table["image"].to_numpy(str))
    method = facts["backbone"], facts["labeling"], facts.get("seed")
    write_table(scores, query_scores(table, search, found, cutoffs, *method))


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            rankings=Path(snakemake.input.rankings),
            cutoffs=snakemake.params.cutoffs,
            scores=Path(snakemake.output[0]),
        )
