"""Split an archive into images that train, validate and test."""

from pathlib import Path

from rsir.archive import read_archive
from rsir.files import written_whole
from rsir.reporting import job
from rsir.split import split_archive

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
