"""Download the files of UC Merced that are missing."""

from pathlib import Path

from rsir.archives.ucmerced import download_ucmerced
from rsir.core.files import written_whole
from rsir.core.job import job

if __name__ == "__main__":
    with job(snakemake):
        receipt = download_ucmerced(Path(snakemake.params.root))
        with written_whole(Path(snakemake.output[0])) as partial:
            receipt.to_csv(partial, index=False)
