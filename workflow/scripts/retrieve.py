"""Rank the database for each query."""

from pathlib import Path
from typing import Any

from rsir.archives.archive_table import read_archive
from rsir.core.errors import InputError
from rsir.core.files import optional
from rsir.core.hdf5 import read_attributes
from rsir.core.job import job
from rsir.core.origin import METHOD, check_origin, digests, method_of
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.metrics.scoring import ranking_depth
from rsir.networks.processor import prepare_processor
from rsir.search.exact import rank
from rsir.search.protocol import most_excluded, read_search, search_conditions
from rsir.search.ranking_file import write_rankings


def main(
    archive: Path,
    split: Path,
    duplicates: Path | None,
    descriptors: Path,
    method: dict[str, Any],
    cutoffs: list[int],
    database: str,
    queries: str,
    searched: list[str],
    threads: int,
    use_gpu: bool,
    rankings: Path,
) -> None:
    """Rank the database by the descriptors of the file that are searched."""
    device = prepare_processor(threads, use_gpu).device
    table, attributes = read_archive(archive), read_attributes(descriptors)
    files = {"archive": archive, "split": split, "descriptors": descriptors}
    if duplicates:
        files["duplicates"] = duplicates
    facts = method | digests(files)
    check_origin(descriptors, attributes, facts, METHOD)
    search = read_search(table, split, database, queries, duplicates)
    _, _, *scenes = search.labels_and_scenes(table)
    excluded = most_excluded(search_conditions(search, cutoffs))
    depth = ranking_depth(cutoffs, len(search.database), *scenes, excluded)
    available = read_descriptors(descriptors, list(table["image"]))
    ranked = {
        name: rank(values, search.queries, search.database, depth, device)
        for name, values in available.items()
        if name in searched
    }
    if not ranked:
        raise InputError(
            f"config: run.descriptors: none of {', '.join(available)} of {descriptors}; add one"
        )
    images = table["image"].to_numpy(str)
    write_rankings(rankings, images, search, ranked, facts | {"searched": database})


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            duplicates=optional(snakemake.input.duplicates),
            descriptors=Path(snakemake.input.descriptors),
            method=method_of(
                snakemake.wildcards.archive,
                snakemake.wildcards.backbone,
                snakemake.wildcards.model,
            ),
            cutoffs=snakemake.params.cutoffs,
            database=snakemake.params.database,
            queries=snakemake.params.queries,
            searched=snakemake.params.searched,
            threads=snakemake.threads,
            use_gpu=bool(snakemake.resources.get("gpu", 0)),
            rankings=Path(snakemake.output[0]),
        )
