"""A picture that is not in the archive as the query.

Seen from above nothing has an upper side, so the picture is compared in each of its quarter turns,
and an image is as similar as it is to the one that it is most like.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pandas as pd

from rsir.archives.archive_table import label_names
from rsir.archives.pixels import read_image
from rsir.core.errors import InputError
from rsir.core.hdf5 import ArrayFile, read_attributes
from rsir.core.origin import METHOD, ORIGIN, check_origin
from rsir.descriptors.activations import ComputedActivations
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.descriptors.extraction import extract
from rsir.networks.backbone import Backbone
from rsir.networks.load import load_backbone
from rsir.networks.precision import precise_enough
from rsir.networks.processor import Processor, prepare_processor
from rsir.networks.weight_receipt import read_record, weight_facts
from rsir.search.exact import rank
from rsir.training.models import TaskModel, load_models, read_metadata
from rsir.training.reextraction import reextract

DESCRIPTORS = ("pool", "histogram", "output")

SURE = 0.5
"""The output from which on a label is predicted."""


@dataclass(frozen=True)
class Answer:
    """What a picture finds.

    Attributes
    ----------
    descriptor
        By which it was compared.
    found
        As `nearest` returns it.
    predicted
        As `predict` returns it; None off the shelf and without learning.
    """

    descriptor: str
    found: pd.DataFrame
    predicted: dict[str, float] | None


def ask(
    photo: Path,
    archive: pd.DataFrame,
    descriptors: Path,
    weights: Path | None,
    models: Path | None,
    descriptor: str | None,
    top: int,
    threads: int,
) -> Answer:
    """Find the images of an archive that are like a picture, by stored descriptors.

    Parameters
    ----------
    photo
        The picture.
    archive
        As read by `rsir.archives.archive_table.read_archive`.
    descriptors
        The descriptors of its images, which also say how they were made.
    weights
        The receipt of the network's weights; None for a description without learning.
    models
        The fine-tuned tails and heads; None off the shelf.
    descriptor
        Which of the file's; None for the first of them, the pooled features of a network.
    top
        How many to find.
    threads
        Of the processor.

    Raises
    ------
    InputError
        If a file cannot be used, or has no such descriptor.
    """
    stored = read_descriptors(descriptors, list(archive["image"]))
    name = descriptor or next(one for one in DESCRIPTORS if one in stored)
    if name not in stored:
        raise InputError(f"{descriptors}: has no descriptor {name!r}, but {', '.join(stored)}")
    told = read_attributes(descriptors)
    settings = json.loads(told["backbone_settings"])
    if settings["library"] == "handcrafted":
        with turned(photo) as turns:
            described = describe_handcrafted(turns, settings["network"])
        return Answer(name, nearest(archive, stored[name], described, top), None)
    if weights is None or not weights.exists():
        raise InputError(f"{weights}: not made yet; run: snakemake --cores all {weights}")
    record = read_record(weights)
    check_origin(descriptors, told, weight_facts(record), ["weights_sha256"])
    if models:
        check_origin(models, read_metadata(models), told, (*ORIGIN, *METHOD))
    processor = prepare_processor(threads)
    backbone = load_backbone(Path(record.path) if record else None, **settings)
    tuned = list(load_models(models, backbone.tail, backbone.dimension)) if models else []
    with turned(photo) as turns:
        found = describe_photos(turns, backbone, tuned, processor)
    predicted = predict(tuned, found["output"][0]) if tuned else None
    return Answer(name, nearest(archive, stored[name], found[name], top), predicted)


@contextmanager
def turned(photo: Path) -> Iterator[list[Path]]:
    """Yield files of a picture in its four quarter turns, first as it is.

    Raises
    ------
    InputError
        If the picture cannot be used.
    """
    image = read_image(photo)
    with TemporaryDirectory() as folder:
        turns = [Path(folder) / f"{angle}.png" for angle in (0, 90, 180, 270)]
        for turn in turns:
            image.rotate(int(turn.stem), expand=True).save(turn)
        yield turns


def describe_handcrafted(photos: Sequence[Path], network: str) -> np.ndarray:
    """Describe pictures without learning, as histograms T×D.

    Raises
    ------
    InputError
        If a picture cannot be used, or the description is learnt from images that are not kept.
    """
    from rsir.descriptors.handcrafted import HISTOGRAMS

    if network not in HISTOGRAMS:
        raise InputError(f"{network}: its visual words are not kept; ask another backbone")
    return np.stack([HISTOGRAMS[network](np.asarray(read_image(photo))) for photo in photos])


def describe_photos(
    photos: Sequence[Path], backbone: Backbone, models: Sequence[TaskModel], processor: Processor
) -> dict[str, np.ndarray]:
    """Describe pictures as the archive's were: name of the descriptor → float32 T×D.

    Parameters
    ----------
    photos
        Image files, as `rsir.archives.pixels.read_image` takes them.
    backbone
        The network.
    models
        Its fine-tuned tails and heads; none for the network off the shelf.
    processor
        What computes.

    Raises
    ------
    InputError
        If a picture cannot be used.
    """
    precise = precise_enough(processor, backbone, photos)
    together = replace(precise, batch_size=len(photos))
    source = ComputedActivations(backbone, photos, 0, together)
    with h5py.File("photos", "w", driver="core", backing_store=False) as file:
        described = ArrayFile(file, [photo.name for photo in photos])
        if models:
            reextract(models, source, processor, described)
        else:
            extract(backbone, source, processor, described, None)
        return {name: file[name][:] for name in ("pool", "output") if name in file}


def predict(models: Sequence[TaskModel], output: np.ndarray) -> dict[str, float]:
    """Return what the outputs (K,) of a fine-tuning say of an image, most probable first.

    The labels from a probability of `SURE` on, or, of a softmax, its most probable class.
    """
    names = [name for model in models for name in model.outputs]
    order = np.argsort(-output, kind="stable")
    exclusive = any(model.activation == "softmax" for model in models)
    chosen = order[:1] if exclusive else order[output[order] >= SURE]
    return {names[place]: float(output[place]) for place in chosen}


def nearest(
    archive: pd.DataFrame, descriptors: np.ndarray, turns: np.ndarray, top: int
) -> pd.DataFrame:
    """Rank the archive by cosine similarity to a picture, in whichever turn it is largest.

    Parameters
    ----------
    archive
        As read by `rsir.archives.archive_table.read_archive`.
    descriptors
        Of the archive's images, float32 N×D.
    turns
        Of the picture in its turns, float32 T×D.
    top
        How many to return.

    Returns
    -------
    DataFrame
        A row per image, best first: `rank`, `image`, `scene`, `labels` (a list),
        `similarity`, and `row`, the place in the archive.
    """
    count = len(archive)
    asked = np.arange(count, count + len(turns))
    ranked, similarity = rank(np.concatenate([descriptors, turns]), asked, np.arange(count), top)
    each = pd.DataFrame({"row": ranked.ravel(), "similarity": similarity.ravel()})
    best = each.sort_values(["similarity", "row"], ascending=[False, True])
    best = best.drop_duplicates("row").head(top)
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
