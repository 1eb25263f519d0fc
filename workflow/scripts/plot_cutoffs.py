"""Plot the scores against the number of retrieved images."""

from pathlib import Path

import pandas as pd

from rsir.archives.archive_table import read_archive
from rsir.core.job import job
from rsir.evaluation.methods import labeling_name, without_derived
from rsir.evaluation.runs import read_all_rankings
from rsir.evaluation.scores import with_meaning
from rsir.reports.figures.cutoffs import bound_curve_rows, curve_rows, cutoffs_figure
from rsir.reports.figures.style import save
from rsir.search.protocol import read_search


def main(
    name: str,
    archive: Path,
    split: Path,
    rankings: list[Path],
    cutoffs: list[int],
    database: str,
    queries: str,
    labelings: list[str],
    figures: list[Path],
) -> None:
    """Average over queries and seeds."""
    images = read_archive(archive)
    rows = [
        curve_rows(
            images,
            search,
            ranked,
            facts["backbone"],
            labeling_name(facts["labeling"], facts.get("trained_on", ""), name),
        )
        for search, ranked, facts in read_all_rankings(rankings, images)
    ]
    search = read_search(images, split, database, queries)
    rows.append(bound_curve_rows(images, search, cutoffs))
    curves = with_meaning(without_derived(pd.concat(rows, ignore_index=True)), images)
    save(cutoffs_figure(curves, cutoffs[0], labelings), *figures)


if __name__ == "__main__":
    with job(snakemake):
        main(
            name=snakemake.wildcards.archive,
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            rankings=[Path(path) for path in snakemake.input.rankings],
            cutoffs=snakemake.params.cutoffs,
            database=snakemake.params.database,
            queries=snakemake.params.queries,
            labelings=snakemake.params.labelings,
            figures=[Path(path) for path in snakemake.output],
        )
