"""Query by example: an image outside the archive as the query.

The similarity of an image of the archive is its largest similarity to a rotation of the query
image.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rsir.archives.archive_table import label_names
from rsir.archives.pixels import ArchiveImages
from rsir.core.errors import InputError
from rsir.core.hdf5 import read_attributes
from rsir.descriptors.descriptor_files import open_descriptors
from rsir.descriptors.ensembles import JOINED
from rsir.evaluation.methods import HISTOGRAM, OUTPUT, POOL
from rsir.networks.processor import prepare_processor
from rsir.reports.model_files import ModelFiles
from rsir.reports.query_description import describe_query
from rsir.search.exact import CPU
from rsir.search.expansion import Expansion, rank_expanded
from rsir.search.protocol import Ranking
from rsir.search.similarities import COSINE, SIMILARITIES
from rsir.training.models import Outputs
from rsir.training.predictions import predictions

if TYPE_CHECKING:
    from rsir.search.stored_index import StoredIndex

DEFAULTS = (POOL, HISTOGRAM, JOINED)
"""The descriptors that are compared by default, where there are several."""


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
    search
        How the archive was searched: ``exact``, or by which index.
    """

    descriptor: str
    hits: pd.DataFrame
    predicted: dict[str, float] | None
    search: str = "exact"


def query_by_example(
    query_image: ArchiveImages,
    archive: pd.DataFrame,
    files: ModelFiles,
    descriptor: str | None,
    top: int,
    threads: int,
    use_index: bool = False,
) -> QueryResult:
    """Retrieve the images of an archive that are most similar to a query image.

    Parameters
    ----------
    query_image
        The image, as the only one.
    archive
        As read by `rsir.archives.archive_table.read_archive`.
    files
        The files of the model.
    descriptor
        Name of a descriptor of the model; None for the default: a derived descriptor, or the first
        of those that a backbone gives, the pooled features of a network.
    top
        Number of images to retrieve.
    threads
        Number of threads of the processor.
    use_index
        Whether to search by the stored index of a large archive, if there is one.

    Raises
    ------
    InputError
        If a file cannot be used, or does not contain the descriptor.
    """
    processor = prepare_processor(threads, use_gpu=False)
    path = files.existing(files.descriptors)
    with open_descriptors(path, list(archive["image"])) as available:
        name = descriptor or next(one for one in (*DEFAULTS, *available) if one in available)
        if name not in available:
            raise InputError(
                f"{path}: there is no descriptor {name!r}; choose from {', '.join(available)}"
            )
        described = describe_query(query_image, files, processor)
        attributes = read_attributes(path)
        similarity = attributes.get("similarity", COSINE)
        averaged = json.loads(attributes.get("expansion", "null"))
        expansion = Expansion(**averaged) if averaged else None
        is_indexed = use_index and similarity == COSINE and not expansion
        index = _stored_index(files, name, attributes["created"]) if is_indexed else None
        vectors = described.vectors[name]
        hits = (
            _best(archive, index.rank(available[name], vectors, top), top)
            if index
            else nearest(archive, available[name][:], vectors, top, similarity, expansion)
        )
    outputs = described.outputs
    predicted = predict(outputs, described.vectors[OUTPUT][0]) if outputs else None
    return QueryResult(name, hits, predicted, index.in_words if index else "exact")


def predict(outputs: Sequence[Outputs], probabilities: NDArray[np.float32]) -> dict[str, float]:
    """Return what the outputs (K,) of a fine-tuning predict, most probable first.

    See `rsir.training.predictions.predictions`.
    """
    (predicted,) = predictions(outputs, probabilities[None])
    return dict(sorted(predicted.items(), key=lambda item: -item[1]))


def nearest(
    archive: pd.DataFrame,
    descriptors: np.ndarray,
    rotations: np.ndarray,
    top: int,
    similarity: str = COSINE,
    expansion: Expansion | None = None,
) -> pd.DataFrame:
    """Rank the archive by its largest similarity to a rotation of the query image.

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
    similarity
        A key of `rsir.search.similarities.SIMILARITIES`.
    expansion
        The numbers of neighbours by which vectors are averaged, if they are.

    Returns
    -------
    DataFrame
        A row per image, best first: `rank`, `image`, `scene`, `labels` (a list),
        `similarity`, and `row`, the row of the archive.
    """
    count = len(archive)
    queries, database = np.arange(count, count + len(rotations)), np.arange(count)
    values = np.concatenate([descriptors, rotations])
    compared = SIMILARITIES[similarity]
    if expansion:
        nothing = np.empty((len(queries), 0), int)
        ranking = rank_expanded(values, queries, database, nothing, top, compared, expansion)
    else:
        ranking = compared.rank(values, queries, database, top, CPU)
    return _best(archive, ranking, top)


def _stored_index(files: ModelFiles, descriptor: str, created: str) -> "StoredIndex | None":
    """Return the index of a descriptor, if there is one; faiss is imported only then."""
    if not files.indexes.exists():
        return None
    from rsir.search.stored_index import read_index

    return read_index(files.indexes, descriptor, created)


def _best(archive: pd.DataFrame, ranking: Ranking, top: int) -> pd.DataFrame:
    """Return the hits of all rotations together, each image with its largest similarity."""
    ranked, similarities = ranking
    pairs = pd.DataFrame({"row": ranked.ravel(), "similarity": similarities.ravel()})
    pairs = pairs.sort_values(["similarity", "row"], ascending=[False, True])
    best = pairs[pairs["row"] >= 0].drop_duplicates("row").head(top)
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
