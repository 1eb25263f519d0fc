"""Test the planned contrasts of a run."""

from pathlib import Path

import pandas as pd

from rsir.archives.archive_table import read_archive
from rsir.archives.attributes import read_attributes
from rsir.archives.split_groups import attribute_groups
from rsir.core.job import job
from rsir.evaluation.contrasts import contrasts
from rsir.evaluation.runs import read_all_scores
from rsir.evaluation.tables import write_table


def groups_of(
    images: pd.Series, attributes: list[str], column: str | None
) -> "pd.Series[str] | None":
    """Return the group of each image by its name, if the split has groups."""
    if column is None:
        return None
    groups = attribute_groups(read_attributes(Path(attributes[0]), list(images)), column)
    return pd.Series(groups.astype(str), index=images)


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
            groups_of(archive["image"], snakemake.input.attributes, snakemake.params.groups),
            snakemake.params.partial,
        )
        write_table(Path(snakemake.output[0]), table)
