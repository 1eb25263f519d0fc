"""Split an archive into training, validation and test images."""

import logging
from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.attributes import read_attributes
from rsir.archives.duplicates_table import duplicate_pairs, read_duplicates
from rsir.archives.split_groups import chains_of_duplicates, divided_groups, image_groups
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
        images = list(archive["image"])
        duplicates = optional(snakemake.input.duplicates)
        pairs = duplicate_pairs(read_duplicates(duplicates, images), images) if duplicates else None
        described = read_attributes(attributes, images) if attributes else None
        groups = image_groups(
            len(images),
            pairs,
            described,
            column=snakemake.params.groups,
            block_km=snakemake.params.block_km,
        )
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
            warnings += chains_of_duplicates(groups) if duplicates else []
        for warning in warnings:
            logging.warning(warning)
        with written_whole(Path(snakemake.output[0])) as partial:
            split.to_csv(partial, index=False)
