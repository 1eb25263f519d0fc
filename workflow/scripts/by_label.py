"""Score the retrieval of each label."""

from pathlib import Path

import pandas as pd

from rsir.archives.archive_table import read_archive
from rsir.core.files import optional
from rsir.core.job import job
from rsir.evaluation.by_label import bound_label_rows, by_label, label_rows
from rsir.evaluation.runs import read_all_rankings
from rsir.evaluation.tables import write_table
from rsir.search.protocol import read_search


def main(
    archive: Path,
    split: Path,
    duplicates: Path | None,
    rankings: list[Path],
    cutoffs: list[int],
    database: str,
    queries: str,
    table: Path,
) -> None:
    """Average over seeds and over the queries with, or without, a label."""
    images = read_archive(archive)
    rows = [
        label_rows(
            *(images, search, ranked, cutoffs),
            *(attributes["backbone"], attributes["labeling"], attributes.get("trained_on", "")),
        )
        for search, ranked, attributes in read_all_rankings(rankings, images)
    ]
    search = read_search(images, split, database, queries, duplicates)
    rows.append(bound_label_rows(images, search, cutoffs))
    write_table(table, by_label(pd.concat(rows, ignore_index=True)))


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            duplicates=optional(snakemake.input.duplicates),
            rankings=[Path(path) for path in snakemake.input.rankings],
            cutoffs=snakemake.params.cutoffs,
            database=snakemake.params.database,
            queries=snakemake.params.queries,
            table=Path(snakemake.output[0]),
        )
