"""Compare methods across the archives of a run."""

from pathlib import Path

import pandas as pd

from rsir.archives.archive_table import read_archive
from rsir.core.files import optional
from rsir.core.job import job
from rsir.evaluation.across import read_archive_scores
from rsir.evaluation.across_tables import (
    comparison_across,
    contrasts_across,
    ranks_across,
    with_intervals,
)
from rsir.evaluation.methods import SETTING, named, training_archives, with_training_archives
from rsir.evaluation.runs import read_groups
from rsir.evaluation.tables import read_results, write_table


def main(
    archives: list[str],
    scores: list[Path],
    patterns: list[list[str]] | None,
    reference: str | None,
    attributes: list[Path],
    groups: str | None,
    outputs: dict[str, Path],
) -> None:
    """Test each condition and cutoff with the archives that have it."""
    results = {archive: Path("results", archive) for archive in archives}
    by_archive = {}
    for archive, folder in results.items():
        table = read_archive(folder / "archive.csv")
        clusters = {"scene": dict(zip(table["image"], table["scene"], strict=True))}
        files = [path for path in attributes if path.is_relative_to(folder)]
        of_images = read_groups(table["image"], optional([*map(str, files)]), groups)
        if of_images is not None:
            clusters["group"] = of_images.to_dict()
        own = [path for path in scores if path.is_relative_to(folder)]
        by_archive[archive] = read_archive_scores(archive, own, clusters)
    keyed = {
        name: {
            archive: read_results(folder / "tables" / name) for archive, folder in results.items()
        }
        for name in ("comparison.csv", "contrasts.csv")
    }
    sources = training_archives(keyed["comparison.csv"])
    of_archive = {
        name: {archive: named(table, archive) for archive, table in tables.items()}
        for name, tables in keyed.items()
    }

    def write(name: str, table: pd.DataFrame) -> None:
        write_table(outputs[name], with_training_archives(table, sources))

    write("comparison", comparison_across(of_archive["comparison.csv"]))
    contrasts, ranks = [], []
    for setting in dict.fromkeys(key for scored in by_archive.values() for key in scored):
        having = [scored[setting] for scored in by_archive.values() if setting in scored]
        table, pairs = contrasts_across(having, patterns, reference)
        contrasts.append(with_intervals(table, setting, of_archive["contrasts.csv"]))
        ranks.append(ranks_across(having, pairs).assign(**dict(zip(SETTING, setting, strict=True))))
    write("contrasts", pd.concat(contrasts, ignore_index=True))
    write("ranks", pd.concat(ranks, ignore_index=True))


if __name__ == "__main__":
    with job(snakemake):
        main(
            archives=snakemake.params.archives,
            scores=[Path(path) for path in snakemake.input.scores],
            patterns=snakemake.params.contrasts,
            reference=snakemake.params.reference,
            attributes=[Path(path) for path in snakemake.input.attributes],
            groups=snakemake.params.groups,
            outputs={name: Path(path) for name, path in snakemake.output.items()},
        )
