"""Tabulate the metrics of a published protocol of all models of a run."""

from pathlib import Path

from rsir.core.hdf5 import read_attributes
from rsir.core.job import job
from rsir.evaluation.methods import MODEL
from rsir.evaluation.published import published_rows, published_table
from rsir.evaluation.tables import write_table
from rsir.search.ranking_file import read_published


def main(rankings: list[Path], table: Path) -> None:
    """Average over queries and seeds."""
    rows = []
    for path in rankings:
        facts = read_attributes(path)
        model = {name: facts.get(name, "") for name in MODEL[:3]}
        rows.extend(published_rows(model, read_published(path)))
    write_table(table, published_table(rows))


if __name__ == "__main__":
    with job(snakemake):
        main(
            rankings=[Path(path) for path in snakemake.input.rankings],
            table=Path(snakemake.output[0]),
        )
