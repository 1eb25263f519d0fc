"""Measure approximate indexes of a model's descriptors, and store one for queries by example."""

from pathlib import Path
from typing import Any

from rsir.archives.archive_table import read_archive
from rsir.core.hdf5 import new_arrays, read_attributes
from rsir.core.job import job
from rsir.core.origin import METHOD, check_origin, digests, method_of
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.evaluation.index_quality import LARGE, index_for_queries, index_rows, index_table
from rsir.evaluation.tables import write_table
from rsir.metrics.scoring import ranking_depth
from rsir.networks.processor import prepare_processor
from rsir.search.indexes import use_threads
from rsir.search.protocol import read_search


def main(
    archive: Path,
    split: Path,
    descriptors: Path,
    method: dict[str, Any],
    indexes: list[str],
    searched: list[str],
    cutoffs: list[int],
    database: str,
    queries: str,
    threads: int,
    table: Path,
    stored: Path,
) -> None:
    """Measure each index for the descriptors of the file that are searched.

    Of a large archive, an index of all images is stored.
    """
    prepare_processor(threads, use_gpu=False)
    use_threads(threads)
    images = read_archive(archive)
    files = {"archive": archive, "split": split, "descriptors": descriptors}
    facts = method | digests(files)
    attributes = read_attributes(descriptors)
    check_origin(descriptors, attributes, facts, METHOD)
    search = read_search(images, split, database, queries)
    ranking_depth(cutoffs, len(search.database), None, None)
    labels = search.labels_and_scenes(images)[:2]
    rows = []
    facts |= {"descriptors_created": attributes["created"]}
    with new_arrays(stored, facts) as file:
        available = read_descriptors(descriptors, list(images["image"]), searched)
        for name, values in available.items():
            measured = index_rows(values, search, labels, indexes, cutoffs)
            rows += [{"descriptor": name, **row} for row in measured]
            if len(values) >= LARGE:
                index_for_queries(indexes[0], values, max(cutoffs)).write(file, name)
    write_table(table, index_table(rows, **method))


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            descriptors=Path(snakemake.input.descriptors),
            method=method_of(
                snakemake.wildcards.archive,
                snakemake.wildcards.backbone,
                snakemake.wildcards.model,
            ),
            indexes=snakemake.params.indexes,
            searched=snakemake.params.searched,
            cutoffs=snakemake.params.cutoffs,
            database=snakemake.params.database,
            queries=snakemake.params.queries,
            threads=snakemake.threads,
            table=Path(snakemake.output.table),
            stored=Path(snakemake.output.stored),
        )
