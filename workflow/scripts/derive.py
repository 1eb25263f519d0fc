"""Derive a descriptor from those of a model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsir.archives.archive_table import has_scenes, label_matrix, read_archive
from rsir.archives.split_file import read_split
from rsir.core.files import optional
from rsir.core.hdf5 import array_file, read_attributes
from rsir.core.job import job
from rsir.core.origin import METHOD, check_model, check_origin, digests, method_of, versions
from rsir.descriptors.codes import Codes
from rsir.descriptors.derived import derive, fit
from rsir.descriptors.descriptor_files import (
    append_fitted,
    blocks,
    open_descriptors,
    rows_of,
    write_codebook,
)
from rsir.training.models import label_probabilities, read_metadata, read_outputs


def main(
    archive: Path,
    split: Path,
    descriptors: Path,
    models: Path | None,
    method: dict[str, Any],
    definitions: dict[str, dict[str, Any]],
    name: str,
    similarity: str,
    expansion: dict[str, Any] | None,
    derived: Path,
) -> None:
    """Fit the steps to the training images, and apply them to all images, block by block.

    The file says how to derive and compare the descriptor of another image.
    """
    table, attributes = read_archive(archive), read_attributes(descriptors)
    facts = digests({"archive": archive, "split": split, "descriptors": descriptors})
    check_origin(descriptors, attributes, method | facts, METHOD)
    images = list(table["image"])
    outputs = None
    if models:
        metadata = read_metadata(models)
        if "members" in attributes:  # of an ensemble, of which this is the first model
            check_origin(models, metadata, attributes, ["archive_sha256"])
        else:
            check_model(models, metadata, attributes)
        outputs = read_outputs(models)
    train = np.flatnonzero(read_split(split, table) == "train")
    made = {
        "definitions": json.dumps(definitions, sort_keys=True),
        "similarity": similarity,
        "expansion": json.dumps(expansion) if expansion else None,
        "versions": json.dumps(versions()),
    }
    with open_descriptors(descriptors, images) as arrays:

        def native(rows: NDArray[np.intp]) -> dict[str, NDArray[np.float32]]:
            values = {one: rows_of(array, rows) for one, array in arrays.items()}
            if outputs:
                values["output"] = label_probabilities(values["output"], outputs)
            return values

        fitted = fit(
            definitions,
            native(train),
            table["scene"].to_numpy(str)[train] if has_scenes(table) else None,
            label_matrix(table)[train],
            name,
        )
        with array_file(derived, images, attributes | facts | made) as file:
            for rows in blocks(len(images)):
                values = derive(definitions, fitted, native(rows), name)
                file.append(name, values.values if isinstance(values, Codes) else values)
            if isinstance(values, Codes):
                write_codebook(file, name, values)
            append_fitted(file, fitted)


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            split=Path(snakemake.input.split),
            descriptors=Path(snakemake.input.descriptors),
            models=optional(snakemake.input.models),
            method=method_of(
                snakemake.wildcards.archive,
                snakemake.wildcards.backbone,
                snakemake.wildcards.model,
            ),
            definitions=snakemake.params.definitions,
            name=snakemake.wildcards.descriptor,
            similarity=snakemake.params.similarity,
            expansion=snakemake.params.expansion,
            derived=Path(snakemake.output[0]),
        )
