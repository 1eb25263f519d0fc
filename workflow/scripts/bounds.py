"""Score the lower and upper bounds, which depend on the labels only."""

import logging
from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.core.files import optional
from rsir.core.job import job
from rsir.evaluation.scores import bound_scores
from rsir.evaluation.tables import write_table
from rsir.search.protocol import read_search


def main(
    archive: Path,
    split: Path,
    duplicates: Path | None,
    cutoffs: list[int],
    database: str,
    queries: str,
    scores: Path,
) -> None:
    """Compute all metrics for every query."""
    table = read_archive(archive)
    search = read_search(table, split, database, queries, duplicates)
    write_table(scores, bound_scores(table, search, cutoffs))
    others = search.smallest_database
    for cutoff in cutoffs:
        if cutoff >= others:
            logging.warning(
                f"retrieval.cutoffs: {cutoff} retrieves all of the {others} images that a query is "
                "compared with, so that only ndcg, map_jaccard and anmrr tell rankings apart; give "
                "smaller cutoffs, or search more images"
            )


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            duplicates=optional(snakemake.input.duplicates),
            cutoffs=snakemake.params.cutoffs,
            database=snakemake.params.database,
            queries=snakemake.params.queries,
            scores=Path(snakemake.output[0]),
        )
