"""Summarize the tables in words."""

from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.duplicates_table import read_duplicates
from rsir.core.files import optional, written_whole
from rsir.core.job import job
from rsir.evaluation.tables import read_named
from rsir.reports.summary import summary

if __name__ == "__main__":
    with job(snakemake):
        names = ("comparison", "contrasts", "by_scene", "by_label")
        archive = snakemake.wildcards.archive
        tables = {name: read_named(Path(snakemake.input[name]), archive) for name in names}
        images = list(read_archive(Path(snakemake.input.archive))["image"])
        duplicates = optional(snakemake.input.duplicates)
        pairs = len(read_duplicates(duplicates, images)) if duplicates else None
        text = summary(**tables, pairs=pairs)
        with written_whole(Path(snakemake.output[0])) as partial:
            partial.write_text(text, encoding="utf-8")
