"""Find or download the weights of a backbone, check those of the user, and record their file."""

from pathlib import Path

from rsir.core.job import job
from rsir.networks.weight_receipt import write_record
from rsir.networks.weight_sources import locate_weights

if __name__ == "__main__":
    with job(snakemake):
        backbone = snakemake.params.backbone
        file = locate_weights(backbone["library"], backbone["network"], backbone["weights"])
        if snakemake.input.file and file is not None:
            from rsir.networks.load import load_backbone  # torch is a slow import

            load_backbone(Path(file.path), **backbone)
        write_record(Path(snakemake.output[0]), file)
