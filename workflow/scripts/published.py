"""Score a model by the metrics of a published protocol."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rsir.archives.archive_table import read_archive
from rsir.core.hdf5 import read_attributes
from rsir.core.job import job
from rsir.core.origin import METHOD, check_origin, digests, method_of
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.evaluation.published import published_rows, published_scores
from rsir.evaluation.tables import write_table
from rsir.networks.processor import prepare_processor
from rsir.search.exact import rank
from rsir.search.protocol import Search, read_search


def main(
    archive: Path,
    split: Path,
    descriptors: Path,
    method: dict[str, Any],
    protocol: str,
    cutoffs: list[int],
    database: str,
    queries: str,
    threads: int,
    table: Path,
) -> None:
    """Rank the whole database, and keep the scores alone."""
    prepare_processor(threads, use_gpu=False)
    images = read_archive(archive)
    facts = method | digests({"archive": archive})
    check_origin(descriptors, read_attributes(descriptors), facts, METHOD)
    search = read_search(images, split, database, queries)
    model = {name: method[name] or "" for name in ("backbone", "labeling", "trained_on")}
    rows = []
    for name, values in read_descriptors(descriptors, list(images["image"])).items():
        ranked = partial(positions, values, search)
        scores = published_scores(protocol, images, search, ranked, cutoffs)
        rows.extend(published_rows(model, name, scores))
    write_table(table, pd.DataFrame(rows))


def positions(values: np.ndarray, search: Search, queries: np.ndarray) -> np.ndarray:
    """Return the positions (Q, D) of the database in the order of their similarity."""
    ranked, _ = rank(values, queries, search.database, len(search.database))
    return ranked


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
            protocol=snakemake.params.protocol,
            cutoffs=snakemake.params.cutoffs,
            database=snakemake.params.database,
            queries=snakemake.params.queries,
            threads=snakemake.threads,
            table=Path(snakemake.output[0]),
        )
