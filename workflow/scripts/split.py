"""Split an archive into training, validation and test images."""

import logging
from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.attributes import read_attributes
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
        split = split_archive(
            archive,
            method=snakemake.params.method,
            test_fraction=fractions["test"],
            validation_fraction=fractions["validation"],
            seed=snakemake.params.seed,
            file=Path(snakemake.input.file) if snakemake.input.file else None,
            attributes=read_attributes(attributes, list(archive["image"])) if attributes else None,
        )
        requested = {} if snakemake.input.file or attributes else fractions
        for warning in split_warnings(archive, split, **requested):
            logging.warning(warning)
        with written_whole(Path(snakemake.output[0])) as partial:
            split.to_csv(partial, index=False)
