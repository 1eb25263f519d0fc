"""The descriptors of a query image, computed as those of the archive were.

Aerial images have no canonical orientation, so a query image is described in four rotations by
multiples of 90°. By a network with several views per image, it is described as the archive is, by
the mean over its views.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from rsir.archives.pixels import ArchiveImages
from rsir.core.errors import InputError
from rsir.core.files import sha256
from rsir.core.hdf5 import ArrayFile, read_attributes
from rsir.core.origin import check_model, check_origin, network_settings
from rsir.descriptors.codes import Codes
from rsir.descriptors.computed_activations import ComputedActivations
from rsir.descriptors.derived import derive
from rsir.descriptors.descriptor_files import read_fitted
from rsir.descriptors.ensembles import ensemble
from rsir.descriptors.extraction import extract
from rsir.evaluation.methods import EMBEDDING, HISTOGRAM, OUTPUT, POOL, PROJECTION
from rsir.networks.backbone import Backbone
from rsir.networks.load import load_backbone
from rsir.networks.precision import recorded_precision, reduced_precision
from rsir.networks.processor import Processor
from rsir.networks.views import QUARTERS, turned
from rsir.networks.weight_receipt import read_record, weight_facts
from rsir.reports.model_files import ModelFiles
from rsir.search.similarities import COSINE
from rsir.training.models import (
    Outputs,
    TaskModel,
    label_probabilities,
    load_models,
    output_groups,
    read_metadata,
)
from rsir.training.reextraction import reextract

NETWORK_DESCRIPTORS = (POOL, OUTPUT, PROJECTION, EMBEDDING)


@dataclass(frozen=True)
class Description:
    """The descriptors of a query image.

    Attributes
    ----------
    vectors
        float32 T×D by name, a row for each rotation; a single one of a network with several views.
    outputs
        The groups of units that the descriptor `output` of a fine-tuned model has, in order; none
        of other descriptors.
    """

    vectors: dict[str, NDArray[np.float32]]
    outputs: list[Outputs]


def describe_query(
    query_image: ArchiveImages, files: ModelFiles, processor: Processor
) -> Description:
    """Compute the descriptors of a query image as a model's were computed for the archive.

    Parameters
    ----------
    query_image
        The image, as the only one.
    files
        The files of the model. It may be an ensemble, which is then described by its members, and
        that of a derived descriptor, whose parameters are those of the file.
    processor
        The processor and its settings.

    Raises
    ------
    InputError
        If a file cannot be used, or if the model cannot describe further images.
    """
    attributes = read_attributes(files.existing(files.descriptors))
    if "members" in attributes:
        native = _by_members(query_image, files, attributes, processor)
    else:
        native = _by_backbone(query_image, files, attributes, processor)
    if "definitions" not in attributes:
        return native
    name = files.model.partition("+")[2]
    vectors, definitions = dict(native.vectors), json.loads(attributes["definitions"])
    if attributes["similarity"] != COSINE:
        vectors[OUTPUT] = label_probabilities(vectors[OUTPUT], native.outputs)
    fitted = read_fitted(files.descriptors, definitions)
    values = derive(definitions, fitted, vectors, name)
    derived = values.vectors() if isinstance(values, Codes) else values
    return Description({name: derived, **native.vectors}, native.outputs)


def _by_members(
    query_image: ArchiveImages,
    files: ModelFiles,
    attributes: Mapping[str, Any],
    processor: Processor,
) -> Description:
    """Join the descriptors of each member of an ensemble."""
    parts, outputs = [], []
    for member in json.loads(attributes["members"]):
        of_member = files.of(member["backbone"], member["model"])
        path = of_member.existing(of_member.descriptors)
        if sha256(path) != member["sha256"]:
            raise InputError(
                f"{path}: has changed since {files.descriptors} was made; run the workflow again"
            )
        described = describe_query(query_image, of_member, processor)
        parts.append(described.vectors[member["descriptor"]])
        outputs.append(described.outputs)
    rows = max(map(len, parts))
    turned_alike = [np.broadcast_to(part, (rows, part.shape[1])) for part in parts]
    are_probabilities = bool(attributes["are_probabilities"])
    return Description(
        ensemble(turned_alike, are_probabilities), outputs[0] if are_probabilities else []
    )


def _by_backbone(
    query_image: ArchiveImages,
    files: ModelFiles,
    attributes: Mapping[str, Any],
    processor: Processor,
) -> Description:
    """Compute what a network or a handcrafted backbone gives."""
    settings = json.loads(attributes["backbone_settings"])
    if settings["library"] == "file":
        raise InputError(
            f"{files.descriptors}: its descriptors were computed elsewhere, and the query's cannot "
            "be; use another backbone"
        )
    if settings["library"] == "handcrafted":
        histograms = _handcrafted(rotated(query_image[0]), files, attributes, settings["network"])
        return Description({HISTOGRAM: histograms}, [])
    record = read_record(files.existing(files.weights))
    precision, models = files.existing(files.precision), files.fine_tuned
    check_origin(files.descriptors, attributes, weight_facts(record), ["weights_sha256"])
    if models:
        check_model(files.existing(models), read_metadata(models), attributes)
    processor = recorded_precision(precision, reduced_precision(processor), attributes)
    path = Path(record.path) if record else None
    backbone = load_backbone(path, **network_settings(attributes))
    tuned = list(load_models(models, backbone)) if models else []
    pixels = backbone.preprocessing.select(query_image)[0]
    images = rotated(pixels) if backbone.views == 1 else [pixels]
    return Description(describe(images, backbone, tuned, processor), output_groups(tuned))


def rotated(pixels: NDArray[Any]) -> list[NDArray[Any]]:
    """Return an image H×W×C rotated counterclockwise by 0°, 90°, 180° and 270°."""
    return [turned(pixels, view) for view in range(QUARTERS)]


def _handcrafted(
    images: Sequence[NDArray[np.uint8]],
    files: ModelFiles,
    attributes: Mapping[str, Any],
    network: str,
) -> np.ndarray:
    """Return the histograms T×D of images, uint8 H×W×3, by a handcrafted descriptor."""
    from rsir.descriptors.handcrafted import histogram
    from rsir.descriptors.handcrafted_files import read_words

    counts_words = "words_sha256" in attributes
    words = read_words(files.existing(files.words), attributes) if counts_words else None
    return np.stack([histogram(network, image, words) for image in images])


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
