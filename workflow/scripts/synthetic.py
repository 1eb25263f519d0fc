"""Draw the synthetic sample archive."""

from pathlib import Path

from rsir.archives.synthetic import write_sample
from rsir.core.job import job

if __name__ == "__main__":
    with job(snakemake):
        write_sample(
            Path(snakemake.output[0]),
            images_per_scene=snakemake.params.images_per_scene,
            seed=snakemake.params.seed,
            workers=snakemake.threads,
        )
