"""Test the planned contrasts of a run."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.core.files import optional
from rsir.core.job import job
from rsir.evaluation.contrasts import contrasts
from rsir.evaluation.runs import read_all_scores, read_groups
from rsir.evaluation.tables import write_table

if __name__ == "__main__":
    with job(snakemake):
        archive = read_archive(Path(snakemake.input.archive))
        scenes = archive.set_index("image")["scene"]
        scores = read_all_scores([*snakemake.input.scores, snakemake.input.bounds])
        table = contrasts(
            snakemake.wildcards.archive,
            scores,
            scenes,
            snakemake.params.contrasts,
            snakemake.params.reference,
            read_groups(
                archive["image"], optional(snakemake.input.attributes), snakemake.params.groups
            ),
            snakemake.params.partial,
        )
        write_table(Path(snakemake.output[0]), table)
