"""Summarize the tables in words."""

from pathlib import Path

from rsir.core.files import written_whole
from rsir.core.job import job
from rsir.evaluation.tables import read_results
from rsir.reports.summary import summary

if __name__ == "__main__":
    with job(snakemake):
        names = ("comparison", "contrasts", "by_scene", "by_label")
        text = summary(**{name: read_results(Path(snakemake.input[name])) for name in names})
        with written_whole(Path(snakemake.output[0])) as partial:
            partial.write_text(text, encoding="utf-8")
