"""Find or fetch the weights of a backbone, and write down where they are."""

from pathlib import Path

from rsir.reporting import job
from rsir.weight_source import locate_weights
from rsir.weights import write_record

if __name__ == "__main__":
    with job(snakemake):
        backbone = snakemake.params.backbone
        file = locate_weights(backbone["library"], backbone["network"], backbone["weights"])
        write_record(Path(snakemake.output[0]), file)
