"""Say in plain sentences what the tables show."""

from pathlib import Path

from rsir.files import written_whole
from rsir.reporting import job
from rsir.scores import read_results
from rsir.summary import summary

if __name__ == "__main__":
    with job(snakemake):
        names = ("comparison", "contrasts", "by_scene", "by_label")
        text = summary(**{name: read_results(Path(snakemake.input[name])) for name in names})
        with written_whole(Path(snakemake.output[0])) as partial:
            partial.write_text(text, encoding="utf-8")
