"""Split an archive into training, validation and test images."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.split_methods import split_archive
from rsir.core.files import written_whole
from rsir.core.job import job

if __name__ == "__main__":
    with job(snakemake):
        split = split_archive(
            read_archive(Path(snakemake.input.archive)),
            method=snakemake.params.method,
            test_fraction=snakemake.params.test_fraction,
            validation_fraction=snakemake.params.validation_fraction,
            seed=snakemake.params.seed,
            file=Path(snakemake.input.file) if snakemake.input.file else None,
        )
        with written_whole(Path(snakemake.output[0])) as partial:
            split.to_csv(partial, index=False)
