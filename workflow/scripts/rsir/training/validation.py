"""Validation of a fine-tuning: its loss, its predictions, and what it retrieves."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from rsir.metrics.arrays import Bools, Floats, Ints
from rsir.metrics.label_pairs import accuracy, jaccard_relevant, label_overlap
from rsir.metrics.ranked_lists import average_precision
from rsir.networks.out_of_memory import Portions
from rsir.training.labelings import Task
from rsir.training.losses import mean_average_precision
from rsir.training.models import activate, divided
from rsir.training.steps import Forward, Inputs, total_loss

BLOCK = 1024
"""Number of queries that are compared with all validation images at once."""


def validate(
    inputs: Inputs,
    forward: Forward,
    rows: NDArray[np.int64],
    batch_size: int,
    task: Task,
    portions: Portions,
    labels: Bools | None,
    retrieval: Mapping[str, Any] | None,
) -> dict[str, float]:
    """Return the values of the validation columns of a learning curve.

    Parameters
    ----------
    inputs, forward
        From batches of rows to logits.
    rows
        Rows of the validation images; without any, the values are NaN.
    batch_size
        Number of images of a batch.
    task
        The targets of the network.
    portions
        How batches are divided where memory runs out.
    labels
        The labels (N, L) of all images.
    retrieval
        ``metric`` and ``cutoff``, as for `retrieval_score`; None for a value of NaN.
    """
    if len(rows) == 0:
        names = ("validation_loss", "validation_map", "validation_retrieval")
        return dict.fromkeys(names, math.nan)
    batches = np.array_split(rows, math.ceil(len(rows) / batch_size))
    with torch.inference_mode():
        logits = torch.cat([portions.attempt(forward, batch) for batch in inputs(batches)]).cpu()
    expected = [torch.from_numpy(target.expected[rows]) for target in task.targets]
    parts = divided(logits, [len(target.names) for target in task.targets])
    given = [
        activate(part, target.activation).numpy()
        for target, part in zip(task.targets, parts, strict=True)
    ]
    is_embedding = [target.activation == "embedding" for target in task.targets]
    pairs = list(zip(given, is_embedding, strict=True))
    probabilities = [values for values, embeds in pairs if not embeds]
    embeddings = [values for values, embeds in pairs if embeds]
    indicators = [target.indicators()[rows] for target in task.targets]
    retrieved = math.nan
    if retrieval is not None and labels is not None:
        vectors = np.concatenate(embeddings or probabilities, 1)
        retrieved = retrieval_score(vectors, labels[rows], **retrieval)
    precision = math.nan
    if probabilities:
        precision = mean_average_precision(
            np.concatenate(probabilities, 1), np.concatenate(indicators, 1)
        )
    return {
        "validation_loss": total_loss(logits, expected, task).item(),
        "validation_map": precision,
        "validation_retrieval": retrieved,
    }


def retrieval_score(vectors: NDArray[np.float32], labels: Bools, metric: str, cutoff: int) -> float:
    """Return the mean score of images as queries among themselves, by cosine similarity.

    A query does not retrieve itself.

    Parameters
    ----------
    vectors
        Descriptors (N, D).
    labels
        Labels (N, L).
    metric
        A key of `METRICS`, as in `rsir.metrics.scoring`.
    cutoff
        Number of retrieved images that are scored, at most N − 1.
    """
    unit = functional.normalize(torch.from_numpy(vectors))
    sizes = labels.sum(axis=1)
    scores = []
    for first in range(0, len(unit), BLOCK):
        queries = np.arange(first, min(first + BLOCK, len(unit)))
        similarity = unit[queries] @ unit.T
        similarity[np.arange(len(queries)), queries] = -math.inf
        ranked = similarity.topk(min(cutoff, len(unit) - 1)).indices.numpy()
        overlap = label_overlap(labels[queries], labels)
        scores.append(METRICS[metric](ranked, overlap, sizes[queries, None], sizes))
    return float(np.concatenate(scores).mean())


def _accuracy(ranked: Ints, overlap: Ints, query_sizes: Ints, sizes: Ints) -> Floats:
    shared = np.take_along_axis(overlap, ranked, axis=1)
    scores: Floats = accuracy(shared, query_sizes, sizes[ranked]).mean(axis=1)
    return scores


def _map_jaccard(ranked: Ints, overlap: Ints, query_sizes: Ints, sizes: Ints) -> Floats:
    shared = np.take_along_axis(overlap, ranked, axis=1)
    others = jaccard_relevant(overlap, query_sizes, sizes).sum(axis=1) - 1  # without itself
    scores: Floats = average_precision(jaccard_relevant(shared, query_sizes, sizes[ranked]), others)
    return scores


METRICS = {"accuracy": _accuracy, "map_jaccard": _map_jaccard}
