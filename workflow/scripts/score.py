"""Score the retrieved images of each query."""

from pathlib import Path

from rsir.archives.archive_table import has_scenes, read_archive
from rsir.core.errors import InputError
from rsir.core.job import job
from rsir.evaluation.scores import query_scores
from rsir.evaluation.tables import write_table
from rsir.search.protocol import search_conditions
from rsir.search.ranking_file import read_nmrr, read_rankings


def main(archive: Path, rankings: Path, cutoffs: list[int], scores: Path) -> None:
    """Compute all metrics for every query."""
    table = read_archive(archive)
    search, ranked, facts = read_rankings(rankings, table["image"].to_numpy(str))
    method = facts["backbone"], facts["labeling"], facts.get("seed"), facts.get("trained_on", "")
    nmrr = read_nmrr(rankings, len(search_conditions(search, cutoffs)))
    if has_scenes(table) and nmrr.keys() != ranked.keys():
        raise InputError(f"{rankings}: has no NMRR; delete it and run again")
    write_table(scores, query_scores(table, search, ranked, cutoffs, *method, nmrr))


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            rankings=Path(snakemake.input.rankings),
            cutoffs=snakemake.params.cutoffs,
            scores=Path(snakemake.output[0]),
        )
