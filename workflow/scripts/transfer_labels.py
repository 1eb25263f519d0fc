"""Predict the labels of each query from the nearest training images."""

from pathlib import Path
from typing import Any

import pandas as pd

from rsir.archives.archive_table import read_archive
from rsir.core.files import optional
from rsir.core.hdf5 import read_attributes
from rsir.core.job import job
from rsir.core.origin import METHOD, check_origin, digests, method_of
from rsir.descriptors.descriptor_files import open_descriptors
from rsir.evaluation.label_transfer import label_transfer_rows, neighbour_depth
from rsir.evaluation.methods import MODEL
from rsir.evaluation.retrieval import retrieve
from rsir.evaluation.tables import write_table
from rsir.networks.processor import prepare_processor
from rsir.search.expansion import Expansion
from rsir.search.protocol import read_search, search_conditions


def main(
    archive: Path,
    split: Path,
    duplicates: Path | None,
    descriptors: Path,
    method: dict[str, Any],
    neighbours: list[int],
    queries: str,
    searched: list[str],
    similarity: str,
    expansion: Expansion | None,
    threads: int,
    use_gpu: bool,
    table: Path,
) -> None:
    """Search the training images by the descriptors of the file that are searched."""
    device = prepare_processor(threads, use_gpu).device
    images, facts = read_archive(archive), method | digests({"archive": archive})
    check_origin(descriptors, read_attributes(descriptors), facts, METHOD)
    search = read_search(images, split, "train", queries, duplicates)
    conditions = search_conditions(search, neighbours)
    depth = neighbour_depth(search, conditions, neighbours)
    with open_descriptors(descriptors, list(images["image"])) as available:
        positions = {
            name: retrieve(
                available[name],
                search,
                conditions,
                (depth, depth),
                None,
                None,
                similarity,
                expansion,
                device,
            ).positions
            for name in available
            if name in searched
        }
    model = {name: method[name] or "" for name in MODEL[:3]} | {"seed": method["seed"]}
    rows = label_transfer_rows(images, search, conditions, positions, neighbours, model)
    write_table(table, pd.DataFrame(rows))


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
            neighbours=snakemake.params.neighbours,
            queries=snakemake.params.queries,
            searched=snakemake.params.searched,
            similarity=snakemake.params.similarity,
            expansion=(
                Expansion(**snakemake.params.expansion) if snakemake.params.expansion else None
            ),
            threads=snakemake.threads,
            use_gpu=bool(snakemake.resources.get("gpu", 0)),
            table=Path(snakemake.output[0]),
        )
