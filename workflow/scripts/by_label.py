"""Tell how well each label is retrieved."""

from pathlib import Path

import pandas as pd

from rsir.archives.archive_table import read_archive
from rsir.archives.split_file import read_split
from rsir.core.job import job
from rsir.evaluation.by_label import bound_label_rows, by_label, label_rows
from rsir.evaluation.tables import write_table
from rsir.search.protocol import find_search
from rsir.search.ranking_file import read_rankings


def main(
    archive: Path,
    split: Path,
    rankings: list[Path],
    cutoffs: list[int],
    database: str,
    table: Path,
) -> None:
    """Average over seeds and the queries that have a label, or have it not."""
    images = read_archive(archive)
    rows = []
    for path in rankings:
        search, found, facts = read_rankings(path, images["image"].to_numpy(str))
        method = facts["backbone"], facts["labeling"]
        rows.append(label_rows(images, search, found, cutoffs, *method))
    search = find_search(read_split(split, images), database)
    rows.append(bound_label_rows(images, search, cutoffs))
    write_table(table, by_label(pd.concat(rows, ignore_index=True)))


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            rankings=[Path(path) for path in snakemake.input.rankings],
            cutoffs=snakemake.params.cutoffs,
            database=snakemake.params.database,
            table=Path(snakemake.output[0]),
        )
