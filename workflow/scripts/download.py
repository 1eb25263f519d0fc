"""Download the files of a named archive that are missing."""

from pathlib import Path

from rsir.archives.downloads import download_files
from rsir.archives.facts import archive_facts
from rsir.core.files import written_whole
from rsir.core.job import job

if __name__ == "__main__":
    with job(snakemake):
        files = archive_facts(snakemake.params.settings)["files"]
        receipt = download_files(Path(snakemake.params.root), files)
        with written_whole(Path(snakemake.output[0])) as partial:
            receipt.to_csv(partial, index=False)
