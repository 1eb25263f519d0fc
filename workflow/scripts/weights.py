"""Find or download the weights of a backbone, and record the weights file."""

from pathlib import Path

from rsir.core.job import job
from rsir.networks.weight_receipt import write_record
from rsir.networks.weight_sources import locate_weights

if __name__ == "__main__":
    with job(snakemake):
        backbone = snakemake.params.backbone
        file = locate_weights(backbone["library"], backbone["network"], backbone["weights"])
        write_record(Path(snakemake.output[0]), file)
