"""Fetch what the folder of UC Merced does not have yet."""

from pathlib import Path

from rsir.files import written_whole
from rsir.reporting import job
from rsir.ucmerced import download_ucmerced

if __name__ == "__main__":
    with job(snakemake):
        receipt = download_ucmerced(Path(snakemake.params.root))
        with written_whole(Path(snakemake.output[0])) as partial:
            receipt.to_csv(partial, index=False)
