"""Rank the searched images for each query."""

from pathlib import Path
from typing import Any

from rsir.archive import read_archive
from rsir.descriptor import read_attributes, read_descriptors
from rsir.device import prepare_processor
from rsir.metrics import ranking_depth
from rsir.provenance import METHOD, check_origin, digests
from rsir.ranking import find_search, write_rankings
from rsir.reporting import job
from rsir.retrieval import rank
from rsir.subset import read_split


def main(
    archive: Path,
    split: Path,
    descriptors: Path,
    method: dict[str, Any],
    cutoffs: list[int],
    database: str,
    threads: int,
    rankings: Path,
) -> None:
    """Rank by each descriptor of the file."""
    device = prepare_processor(threads).device
    table, described = read_archive(archive), read_attributes(descriptors)
    files = {"archive": archive, "split": split, "descriptors": descriptors}
    facts = method | digests(files)
    check_origin(descriptors, described, facts, METHOD)
    search = find_search(read_split(split, table), database)
    _, _, *scenes = search.labels_and_scenes(table)
    depth = ranking_depth(cutoffs, len(search.database), *scenes)
    found = {
        name: rank(values, search.queries, search.database, depth, device)
        for name, values in read_descriptors(descriptors, list(table["image"])).items()
    }
    images = table["image"].to_numpy(str)
    write_rankings(rankings, images, search, found, facts | {"searched": database})


if __name__ == "__main__":
    with job(snakemake):
        labeling, *seed = snakemake.wildcards.model.rsplit("-seed", 1)
        main(
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            descriptors=Path(snakemake.input.descriptors),
            method={
                "backbone": snakemake.wildcards.backbone,
                "labeling": labeling,
                "seed": int(seed[0]) if seed else None,
            },
            cutoffs=snakemake.params.cutoffs,
            database=snakemake.params.database,
            threads=snakemake.threads,
            rankings=Path(snakemake.output[0]),
        )
