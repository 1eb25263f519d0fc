"""Compare methods across the archives of a run."""

from pathlib import Path

import pandas as pd

from rsir.archives.archive_table import read_archive
from rsir.core.job import job
from rsir.evaluation.across import read_archive_scores
from rsir.evaluation.across_tables import (
    comparison_across,
    contrasts_across,
    ranks_across,
    with_intervals,
)
from rsir.evaluation.methods import SETTING
from rsir.evaluation.tables import read_named, write_table


def main(
    archives: list[str],
    scores: list[Path],
    patterns: list[list[str]] | None,
    reference: str | None,
    outputs: dict[str, Path],
) -> None:
    """Test each condition and cutoff with the archives that have it."""
    results = {archive: Path("results", archive) for archive in archives}
    by_archive = {}
    for archive, folder in results.items():
        table = read_archive(folder / "archive.csv")
        scenes = dict(zip(table["image"], table["scene"], strict=True))
        own = [path for path in scores if path.is_relative_to(folder)]
        by_archive[archive] = read_archive_scores(archive, own, scenes)
    of_archive = {
        name: {
            archive: read_named(folder / "tables" / name, archive)
            for archive, folder in results.items()
        }
        for name in ("comparison.csv", "contrasts.csv")
    }
    write_table(outputs["comparison"], comparison_across(of_archive["comparison.csv"]))
    contrasts, ranks = [], []
    for setting in dict.fromkeys(key for scored in by_archive.values() for key in scored):
        having = [scored[setting] for scored in by_archive.values() if setting in scored]
        table, pairs = contrasts_across(having, patterns, reference)
        contrasts.append(with_intervals(table, setting, of_archive["contrasts.csv"]))
        ranks.append(ranks_across(having, pairs).assign(**dict(zip(SETTING, setting, strict=True))))
    write_table(outputs["contrasts"], pd.concat(contrasts, ignore_index=True))
    write_table(outputs["ranks"], pd.concat(ranks, ignore_index=True))


if __name__ == "__main__":
    with job(snakemake):
        main(
            archives=snakemake.params.archives,
            scores=[Path(path) for path in snakemake.input.scores],
            patterns=snakemake.params.contrasts,
            reference=snakemake.params.reference,
            outputs={name: Path(path) for name, path in snakemake.output.items()},
        )
