"""Query by example: an image outside the archive as the query.

Aerial images have no canonical orientation, so the query image is described in four rotations by
multiples of 90°, and the similarity of an image is its largest similarity to a rotation. Of a
network with several views per image, the query is described as the archive is, by the mean over its
views.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.archive_table import label_names
from rsir.archives.pixels import ArchiveImages
from rsir.core.errors import InputError
from rsir.core.hdf5 import ArrayFile, read_attributes
from rsir.core.job_record import snakemake_command
from rsir.core.origin import check_model, check_origin
from rsir.descriptors.activations import ComputedActivations
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.descriptors.extraction import extract
from rsir.evaluation.methods import EMBEDDING, HISTOGRAM, OUTPUT, POOL, PROJECTION
from rsir.networks.backbone import Backbone
from rsir.networks.load import load_backbone
from rsir.networks.precision import recorded_precision, reduced_precision
from rsir.networks.processor import Processor, prepare_processor
from rsir.networks.views import QUARTERS, turned
from rsir.networks.weight_receipt import read_record, weight_facts
from rsir.search.exact import rank
from rsir.training.models import TaskModel, load_models, output_groups, read_metadata
from rsir.training.predictions import predictions
from rsir.training.reextraction import reextract

NETWORK_DESCRIPTORS = (POOL, OUTPUT, PROJECTION, EMBEDDING)
DESCRIPTORS = (POOL, HISTOGRAM, OUTPUT, PROJECTION)


@dataclass(frozen=True)
class QueryResult:
    """The result of a query by example.

    Attributes
    ----------
    descriptor
        The descriptor that was compared.
    hits
        The retrieved images, as `nearest` returns them.
    predicted
        As `predict` returns it; None off the shelf, for a handcrafted descriptor, and for a
        fine-tuning without an output.
    """

    descriptor: str
    hits: pd.DataFrame
    predicted: dict[str, float] | None


def query_by_example(
    query_image: ArchiveImages,
    archive: pd.DataFrame,
    descriptors: Path,
    weights: Path | None,
    precision: Path | None,
    models: Path | None,
    descriptor: str | None,
    top: int,
    threads: int,
) -> QueryResult:
    """Retrieve the images of an archive that are most similar to a query image.

    Parameters
    ----------
    query_image
        The image, as the only one.
    archive
        As read by `rsir.archives.archive_table.read_archive`.
    descriptors
        The descriptor file of the archive, whose attributes record the backbone.
    weights
        The receipt of the network's weights; None for a handcrafted descriptor.
    precision
        The record of the network's data type; None for a handcrafted descriptor.
    models
        The fine-tuned tails and heads; None off the shelf.
    descriptor
        Name of a descriptor in the file; None for the default, the pooled features of a network.
    top
        Number of images to retrieve.
    threads
        Number of threads of the processor.

    Raises
    ------
    InputError
        If a file cannot be used, or does not contain the descriptor.
    """
    stored = read_descriptors(descriptors, list(archive["image"]))
    name = descriptor or next(one for one in DESCRIPTORS if one in stored)
    if name not in stored:
        raise InputError(
            f"{descriptors}: there is no descriptor {name!r}; choose from {', '.join(stored)}"
        )
    attributes = read_attributes(descriptors)
    if "members" in attributes:
        raise InputError(f"{descriptors}: is of an ensemble; query its members apart")
    settings = json.loads(attributes["backbone_settings"])
    if settings["library"] == "file":
        raise InputError(
            f"{descriptors}: its descriptors were computed elsewhere, and the query's cannot be; "
            "use another backbone"
        )
    if settings["library"] == "handcrafted":
        histograms = describe_handcrafted(rotated(query_image[0]), settings["network"])
        return QueryResult(name, nearest(archive, stored[name], histograms, top), None)
    if weights is None or precision is None:
        raise ValueError(f"weights or precision of {settings['network']} are None")
    for needed in (weights, precision):
        if not needed.exists():
            command = snakemake_command(needed, descriptors.parents[2])
            raise InputError(f"{needed}: does not exist yet; run: {command}")
    record = read_record(weights)
    check_origin(descriptors, attributes, weight_facts(record), ["weights_sha256"])
    if models:
        check_model(models, read_metadata(models), attributes)
    processor = reduced_precision(prepare_processor(threads, use_gpu=False))
    processor = recorded_precision(precision, processor, attributes)
    backbone = load_backbone(Path(record.path) if record else None, **settings)
    tuned = list(load_models(models, backbone)) if models else []
    pixels = backbone.preprocessing.select(query_image)[0]
    images = rotated(pixels) if backbone.views == 1 else [pixels]
    computed = describe(images, backbone, tuned, processor)
    predicted = predict(tuned, computed[OUTPUT][0]) if output_groups(tuned) else None
    return QueryResult(name, nearest(archive, stored[name], computed[name], top), predicted)


def rotated(pixels: NDArray[Any]) -> list[NDArray[Any]]:
    """Return an image H×W×C rotated counterclockwise by 0°, 90°, 180° and 270°."""
    return [turned(pixels, view) for view in range(QUARTERS)]


def describe_handcrafted(images: Sequence[NDArray[np.uint8]], network: str) -> np.ndarray:
    """Return the histograms T×D of images, uint8 H×W×3, by a handcrafted descriptor.

    Raises
    ------
    InputError
        If the descriptor needs visual words, which are not stored.
    """
    from rsir.descriptors.handcrafted import HISTOGRAMS

    if network not in HISTOGRAMS:
        raise InputError(f"{network}: its visual words are not stored; use another backbone")
    return np.stack([HISTOGRAMS[network](image) for image in images])


def describe(
    images: Sequence[NDArray[Any]],
    backbone: Backbone,
    models: Sequence[TaskModel],
    processor: Processor,
) -> dict[str, np.ndarray]:
    """Compute the descriptors of images as for the archive, float32 T×D by name.

    Parameters
    ----------
    images
        Images H×W×C, as the network's preprocessing takes them.
    backbone
        The network.
    models
        Its fine-tuned tails and heads; none for the network off the shelf.
    processor
        The processor and its settings.

    Raises
    ------
    InputError
        If an activation is too large, or an image does not fit into memory.
    """
    one_batch = replace(processor, batch_size=len(images) * backbone.views)
    source = ComputedActivations(backbone, images, 0, one_batch)
    with h5py.File("rotations", "w", driver="core", backing_store=False) as file:
        arrays = ArrayFile(file, [str(number) for number in range(len(images))])
        if models:
            reextract(models, source, processor, arrays, backbone.views)
        else:
            extract(backbone, source, processor, arrays, None)
        return {name: file[name][:] for name in NETWORK_DESCRIPTORS if name in file}


def predict(models: Sequence[TaskModel], output: np.ndarray) -> dict[str, float]:
    """Return what the outputs (K,) of a fine-tuning predict, most probable first.

    See `rsir.training.predictions.predictions`.
    """
    (predicted,) = predictions(output_groups(models), output[None])
    return dict(sorted(predicted.items(), key=lambda item: -item[1]))


def nearest(
    archive: pd.DataFrame, descriptors: np.ndarray, rotations: np.ndarray, top: int
) -> pd.DataFrame:
    """Rank the archive by its largest cosine similarity to a rotation of the query image.

    Parameters
    ----------
    archive
        As read by `rsir.archives.archive_table.read_archive`.
    descriptors
        Descriptors of the archive's images, float32 N×D.
    rotations
        Descriptors of the rotated query image, float32 T×D.
    top
        Number of images to return.

    Returns
    -------
    DataFrame
        A row per image, best first: `rank`, `image`, `scene`, `labels` (a list),
        `similarity`, and `row`, the row of the archive.
    """
    count = len(archive)
    queries = np.arange(count, count + len(rotations))
    values = np.concatenate([descriptors, rotations])
    ranked, similarity = rank(values, queries, np.arange(count), top)
    pairs = pd.DataFrame({"row": ranked.ravel(), "similarity": similarity.ravel()})
    pairs = pairs.sort_values(["similarity", "row"], ascending=[False, True])
    best = pairs.drop_duplicates("row").head(top)
    chosen = archive.iloc[best["row"]]
    flags = chosen[label_names(archive)]
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(best) + 1),
            "image": chosen["image"].to_numpy(),
            "scene": chosen["scene"].to_numpy(),
            "labels": [list(flags.columns[row.astype(bool)]) for row in flags.to_numpy()],
            "similarity": best["similarity"].to_numpy(),
            "row": best["row"].to_numpy(),
        }
    )
