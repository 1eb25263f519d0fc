"""Fine-tune tail and head with a labeling."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rsir.activation import open_source
from rsir.archive import read_archive
from rsir.backbone import load_backbone
from rsir.descriptor import read_descriptors
from rsir.device import prepare_device
from rsir.files import written_whole
from rsir.finetuning import finetune
from rsir.labeling import labeling_tasks
from rsir.model import save_models
from rsir.provenance import made_from
from rsir.reporting import reported
from rsir.split import read_split
from rsir.weights import read_record


def main(
    archive: Path,
    split: Path,
    root: Path,
    weights: Path,
    descriptors: Path,
    activations: Path | None,
    name: str,
    backbone_settings: dict[str, Any],
    labeling: str,
    kind: str,
    settings: dict[str, Any],
    seed: int,
    threads: int,
    models: Path,
    curve: Path,
) -> None:
    """Fine-tune one network per task of the labeling."""
    device = prepare_device(threads)
    table, record = read_archive(archive), read_record(weights)
    subset = read_split(split, table)
    train, validation = (np.flatnonzero(subset == part) for part in ("train", "validation"))
    backbone = load_backbone(record and Path(record.path), **backbone_settings)
    pooled = read_descriptors(descriptors, list(table["image"]))["pool"]
    trained, curves = [], []
    with open_source(activations, table, root, backbone, max(1, threads - 1), device) as source:
        for task in labeling_tasks(kind, table, train):
            model, rows = finetune(
                task, backbone.tail, pooled, source, train, validation, settings, seed, device
            )
            trained.append(model)
            curves.extend(rows)
    logging.info(
        "%d networks, %d images train, %d validate", len(trained), len(train), len(validation)
    )
    facts = made_from(
        {"archive": archive, "split": split}, record, backbone=name, labeling=labeling, seed=seed
    )
    save_models(models, trained, {**facts, "settings": json.dumps(settings)})
    with written_whole(curve) as partial:
        pd.DataFrame(curves).to_csv(partial, index=False, lineterminator="\n")


if __name__ == "__main__":
    with reported(snakemake.log[0]):
        main(
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            root=Path(snakemake.params.root),
            weights=Path(snakemake.input.weights),
            descriptors=Path(snakemake.input.descriptors),
            activations=Path(*snakemake.input.activations) if snakemake.input.activations else None,
            name=snakemake.wildcards.backbone,
            backbone_settings=snakemake.params.backbone,
            labeling=snakemake.wildcards.labeling,
            kind=snakemake.params.kind,
            settings=snakemake.params.settings,
            seed=int(snakemake.wildcards.seed),
            threads=snakemake.threads,
            models=Path(snakemake.output.models),
            curve=Path(snakemake.output.curve),
        )
