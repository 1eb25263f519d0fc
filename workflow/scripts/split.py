"""Split an archive into training, validation and test images."""

import logging
from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.attributes import read_attributes
from rsir.archives.duplicates_table import (
    duplicate_groups,
    duplicate_pairs,
    read_duplicates,
)
from rsir.archives.split_groups import (
    attribute_groups,
    block_groups,
    chains_of_duplicates,
    divided_groups,
    joined_groups,
)
from rsir.archives.split_methods import split_archive
from rsir.archives.split_warnings import split_warnings
from rsir.core.files import optional, written_whole
from rsir.core.job import job

if __name__ == "__main__":
    with job(snakemake):
        archive = read_archive(Path(snakemake.input.archive))
        attributes = optional(snakemake.input.attributes)
        fractions = {
            "test": snakemake.params.test_fraction,
            "validation": snakemake.params.validation_fraction,
        }
        keys = []
        if snakemake.input.duplicates:
            images = list(archive["image"])
            table = read_duplicates(Path(*snakemake.input.duplicates), images)
            keys.append(duplicate_groups(duplicate_pairs(table, images), len(images)) - 1)
        described = read_attributes(attributes, list(archive["image"])) if attributes else None
        if described is not None and snakemake.params.groups:
            keys.append(attribute_groups(described, snakemake.params.groups))
        if described is not None and snakemake.params.method == "blocks":
            keys.append(block_groups(described, snakemake.params.block_km))
        groups = joined_groups(*keys) if keys else None
        split = split_archive(
            archive,
            method=snakemake.params.method,
            test_fraction=fractions["test"],
            validation_fraction=fractions["validation"],
            seed=snakemake.params.seed,
            file=Path(snakemake.input.file) if snakemake.input.file else None,
            attributes=described,
            groups=groups,
        )
        requested = {} if snakemake.params.method in ("file", "official") else fractions
        warnings = split_warnings(archive, split, **requested)
        if groups is not None:
            warnings += divided_groups(groups, split["subset"].to_numpy(str))
            warnings += chains_of_duplicates(groups) if snakemake.input.duplicates else []
        for warning in warnings:
            logging.warning(warning)
        with written_whole(Path(snakemake.output[0])) as partial:
            split.to_csv(partial, index=False)
