"""Rank the database for each query."""

from pathlib import Path
from typing import Any

from rsir.archives.archive_table import read_archive
from rsir.core.errors import InputError
from rsir.core.files import optional
from rsir.core.hdf5 import read_attributes
from rsir.core.job import job
from rsir.core.origin import METHOD, check_origin, digests, method_of
from rsir.descriptors.descriptor_files import bytes_per_image, open_descriptors
from rsir.evaluation.condition_nmrr import ConditionNmrr
from rsir.evaluation.published import PublishedMetrics
from rsir.evaluation.retrieval import retrieve
from rsir.metrics.scoring import kept_depth, ranking_depth
from rsir.networks.processor import prepare_processor
from rsir.search.expansion import Expansion
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
    protocol: str | None,
    searched: list[str],
    similarity: str,
    expansion: Expansion | None,
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
    conditions = search_conditions(search, cutoffs)
    excluded = most_excluded(conditions)
    depth = ranking_depth(cutoffs, len(search.database), *scenes, excluded)
    kept = kept_depth(cutoffs, depth, excluded)
    scored = ConditionNmrr(conditions, *scenes) if scenes[0] is not None else None
    metrics = PublishedMetrics(protocol, table, search, cutoffs) if protocol else None
    with open_descriptors(descriptors, list(table["image"])) as available:
        found = {
            name: retrieve(
                available[name],
                search,
                conditions,
                (depth, kept),
                scored,
                metrics,
                similarity,
                expansion,
                device,
            )
            for name in available
            if name in searched
        }
        if not found:
            raise InputError(
                f"config: run.descriptors: none of {', '.join(available)} of {descriptors}; add one"
            )
    images = table["image"].to_numpy(str)
    sizes = bytes_per_image(descriptors)
    facts |= {"searched": database, "similarity": similarity}
    ranked = {name: one.rankings for name, one in found.items()}
    nmrr = {name: one.nmrr for name, one in found.items() if one.nmrr is not None}
    published = {name: one.published for name, one in found.items()}
    write_rankings(rankings, images, search, ranked, sizes, facts, nmrr, published)


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
            protocol=snakemake.params.protocol,
            searched=snakemake.params.searched,
            similarity=snakemake.params.similarity,
            expansion=(
                Expansion(**snakemake.params.expansion) if snakemake.params.expansion else None
            ),
            threads=snakemake.threads,
            use_gpu=bool(snakemake.resources.get("gpu", 0)),
            rankings=Path(snakemake.output[0]),
        )
