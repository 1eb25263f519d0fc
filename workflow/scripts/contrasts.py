"""Test the planned contrasts of a run."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.core.job import job
from rsir.evaluation.contrasts import contrasts
from rsir.evaluation.runs import read_all_scores
from rsir.evaluation.tables import write_table

if __name__ == "__main__":
    with job(snakemake):
        scenes = read_archive(Path(snakemake.input.archive)).set_index("image")["scene"]
        scores = read_all_scores([*snakemake.input.scores, snakemake.input.bounds])
        table = contrasts(
            snakemake.wildcards.archive,
            scores,
            scenes,
            snakemake.params.contrasts,
            snakemake.params.reference,
        )
        write_table(Path(snakemake.output[0]), table)
