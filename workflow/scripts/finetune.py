"""Fine-tune tail and head for a labeling."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rsir.archives.archive_table import label_matrix
from rsir.archives.split_file import read_split
from rsir.core.files import written_whole
from rsir.core.hdf5 import read_attributes
from rsir.core.job import job
from rsir.core.origin import CUT, ORIGIN, check_origin
from rsir.descriptors.activations import held_if_they_fit, open_source
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.descriptors.network_inputs import load_inputs
from rsir.networks.augmentation import DRAWS, Augmentation
from rsir.networks.precision import recorded_precision, reduced_precision
from rsir.networks.processor import prepare_processor
from rsir.networks.views import all_views
from rsir.training.finetuning import CURVE, finetune
from rsir.training.labelings import labeling_tasks
from rsir.training.models import save_models
from rsir.training.resumption import resumable


def main(
    files: dict[str, Path],
    descriptors: Path,
    precision: Path,
    activations: list[Path],
    root: Path,
    method: dict[str, Any],
    backbone_settings: dict[str, Any],
    cut: str | None,
    augmentation: dict[str, Any] | None,
    kind: str,
    options: dict[str, Any],
    settings: dict[str, Any],
    threads: int,
    use_gpu: bool,
    code: str,
    models: Path,
    curve: Path,
) -> None:
    """Fine-tune one network per task of the labeling."""
    processor = reduced_precision(prepare_processor(threads, use_gpu))
    inputs = load_inputs(**files, root=root, settings=backbone_settings, method=method, cut=cut)
    archive, backbone, facts = inputs.archive, inputs.backbone, inputs.facts
    subset = read_split(files["split"], archive)
    train, validation = (np.flatnonzero(subset == part) for part in ("train", "validation"))
    check_origin(descriptors, read_attributes(descriptors), facts)
    for path in activations:
        check_origin(path, read_attributes(path), facts, (*ORIGIN, CUT))
    processor = recorded_precision(precision, processor, facts)
    pooled = read_descriptors(descriptors, list(archive["image"]), ["pool"])["pool"]
    facts["finetuning"] = json.dumps(settings)
    if augmentation:
        facts["augmentation"] = json.dumps(augmentation)
    described = archive, inputs.images, backbone
    varied = Augmentation(**augmentation) if augmentation else None
    tuned, rows = [], []
    with (
        resumable(models, {**facts, "kind": kind, "options": options, "code": code}) as states,
        open_source(activations, *described, threads, processor, varied) as source,
    ):
        tasks = labeling_tasks(kind, archive, train, **options)
        numbers = all_views(np.concatenate([train, validation]), backbone.views)
        source = held_if_they_fit(source, numbers, processor)
        arguments = (backbone, pooled, source, train, validation, settings, method["seed"])
        for task in tasks:
            model, task_rows = finetune(
                task,
                *arguments,
                processor,
                resume=states.read(task.name),
                save_state=partial(states.write_sometimes, task.name, len(tasks) > 1),
                labels=label_matrix(archive),
                variants=DRAWS if varied else None,
            )
            tuned.append(model)
            rows.extend(task_rows)
        save_models(models, tuned, facts)
        with written_whole(curve) as path:
            pd.DataFrame(rows, columns=CURVE).to_csv(path, index=False, lineterminator="\n")


if __name__ == "__main__":
    with job(snakemake):
        names = ("archive", "pixels", "split", "weights")
        main(
            files={name: Path(snakemake.input[name]) for name in names},
            descriptors=Path(snakemake.input.descriptors),
            precision=Path(snakemake.input.precision),
            activations=[Path(path) for path in snakemake.input.activations],
            root=Path(snakemake.params.root),
            method={
                "backbone": snakemake.wildcards.backbone,
                "labeling": snakemake.wildcards.labeling,
                "trained_on": snakemake.wildcards.archive,
                "seed": int(snakemake.wildcards.seed),
            },
            backbone_settings=snakemake.params.backbone,
            cut=snakemake.params.cut,
            augmentation=snakemake.params.augmentation,
            kind=snakemake.params.kind,
            options=snakemake.params.options,
            settings=snakemake.params.settings,
            threads=snakemake.threads,
            use_gpu=bool(snakemake.resources.get("gpu", 0)),
            code=snakemake.params.code,
            models=Path(snakemake.output.models),
            curve=Path(snakemake.output.curve),
        )
