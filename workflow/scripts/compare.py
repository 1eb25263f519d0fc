"""Compare all methods of a run."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.core.hdf5 import read_attributes
from rsir.core.job import job
from rsir.evaluation.comparison import comparison
from rsir.evaluation.runs import read_all_scores
from rsir.evaluation.tables import write_table
from rsir.search.protocol import read_search
from rsir.search.ranking_file import read_sizes


def main(
    name: str,
    archive: Path,
    split: Path,
    scores: list[str],
    rankings: list[Path],
    database: str,
    queries: str,
    table: Path,
) -> None:
    """Average over seeds and queries."""
    search = read_search(read_archive(archive), split, database, queries)
    sizes = {
        (facts["backbone"], facts["labeling"], facts.get("trained_on", ""), descriptor): size
        for path in rankings
        for facts in [read_attributes(path)]
        for descriptor, size in read_sizes(path).items()
    }
    write_table(table, comparison(name, read_all_scores(scores), len(search.database), sizes))


if __name__ == "__main__":
    with job(snakemake):
        main(
            name=snakemake.wildcards.archive,
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            scores=[*snakemake.input.scores, snakemake.input.bounds],
            rankings=[Path(path) for path in snakemake.input.rankings],
            database=snakemake.params.database,
            queries=snakemake.params.queries,
            table=Path(snakemake.output[0]),
        )
