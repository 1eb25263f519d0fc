"""The gallery: a page of the retrieved images of each query, for visual inspection."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2.utils import htmlsafe_json_dumps
from numpy.typing import NDArray

from rsir.archives.archive_table import label_matrix, label_names
from rsir.archives.thumbnails import read_thumbnails
from rsir.core.errors import InputError
from rsir.core.files import written_whole
from rsir.evaluation.methods import (
    MULTI_LABEL,
    OFF_THE_SHELF,
    OUTPUT,
    POOL,
    headline_rows,
    labeling_name,
)
from rsir.evaluation.tables import read_results
from rsir.metrics.arrays import Floats, Ints
from rsir.metrics.scoring import LOWER_IS_BETTER, METRICS
from rsir.reports.html_page import rendered
from rsir.search.protocol import Search, headline_condition, without
from rsir.search.ranking_file import read_rankings, read_similarity

MOST_QUERIES = 2500
MOST_IMAGES = 12_000
"""Limits of a page, at which its thumbnails take at most 80 MB."""

FIGURES = {"5.1": "airplane", "5.2": "intersection", "5.3": "river", "5.4": "runway"}
"""The figures of the thesis that show the hits of a query, and the scene of the query."""


@dataclass(frozen=True, eq=False)
class Retrieval:
    """The retrieved images of all queries, by one descriptor of a model.

    Attributes
    ----------
    rows : ndarray
        (Q, k) rows of the archive, in rank order, without the query itself.
    similarity : ndarray
        (Q, k) cosine similarities.
    scores : ndarray
        (Q, M) the queries' METRICS.
    trained_on : str
        The archive that fine-tuned the model, if any.
    """

    backbone: str
    labeling: str
    seed: int | None
    descriptor: str
    rows: Ints
    similarity: NDArray[np.float32]
    scores: Floats
    trained_on: str = ""


def read_retrievals(
    archive: pd.DataFrame, rankings: Path, scores: Path
) -> tuple[Search, list[Retrieval]]:
    """Read the queries, and the images that a model retrieves at the first cutoff, by descriptor.

    Raises
    ------
    InputError
        If a file cannot be read, or if the two files have different queries.
    """
    images = archive["image"].to_numpy(str)
    search, positions, attributes = read_rankings(rankings, images)
    table = headline_rows(read_results(scores))
    cutoff = int(table["k"].iloc[0])
    retrievals = []
    headline = headline_condition(search)
    for descriptor, rankings_of in positions.items():
        places = rankings_of[headline.key] if isinstance(rankings_of, Mapping) else rankings_of
        scored = table[table["descriptor"] == descriptor]
        if list(scored["image"]) != list(images[search.queries]):
            raise InputError(f"{scores}: does not belong to {rankings}; delete it and run again")
        columns = others(places, headline.excluded)[:, :cutoff]
        similarity = read_similarity(rankings, descriptor, headline.key)
        retrievals.append(
            Retrieval(
                attributes["backbone"],
                attributes["labeling"],
                int(attributes["seed"]) if "seed" in attributes else None,
                descriptor,
                search.database[np.take_along_axis(places, columns, axis=1)],
                np.take_along_axis(similarity, columns, axis=1),
                scored[list(METRICS)].to_numpy(float),
                attributes.get("trained_on", ""),
            )
        )
    return search, retrievals


def others(places: Ints, excluded: Ints) -> Ints:
    """Return the columns of a ranking (Q, depth) that are not excluded, as many for each query.

    `places` are rows of the database; `excluded` (Q, 1) is the query itself, or (Q, 0).
    """
    is_own = (places[:, :, None] == excluded[:, None, :]).any(axis=2)
    own_columns = np.where(is_own.any(axis=1), is_own.argmax(axis=1), places.shape[1])
    columns = np.indices(places.shape)[1]
    return without(columns, own_columns[:, None][:, : excluded.shape[1]])


def read_run(
    archive: pd.DataFrame, rankings: Sequence[Path], scores: Sequence[Path]
) -> tuple[Search, list[Retrieval]]:
    """Read the retrieved images of all models, in the order of the files.

    Raises
    ------
    InputError
        If a file cannot be read, or if the files differ in queries or database.
    """
    models = [read_retrievals(archive, *files) for files in zip(rankings, scores, strict=True)]
    search, _ = models[0]
    for path, (other, _) in zip(rankings, models, strict=True):
        if not (
            np.array_equal(other.queries, search.queries)
            and np.array_equal(other.database, search.database)
        ):
            raise InputError(
                f"{path}: has other queries or another database than {rankings[0]}; "
                "delete it and run again"
            )
    return search, [retrieval for _, of_model in models for retrieval in of_model]


def gallery_data(
    name: str,
    archive: pd.DataFrame,
    search: Search,
    retrievals: Sequence[Retrieval],
    thumbnails: Path,
    places: Floats | None = None,
) -> dict[str, Any]:
    """Return the data of the page, serializable as JSON.

    Images are numbered, queries first. Arrays are base64 strings of little-endian values, a row per
    query: `hits` uint16, `similarity` int16 in thousandths, `scores` float32, NaN where a metric is
    not defined. `maps` has the address of a map for each image whose longitude and latitude are in
    `places` (N, 2), in degrees, and null for the others; it is empty if no place is known.

    Raises
    ------
    InputError
        If the thumbnails cannot be read or belong to another archive.
    """
    selected, rows = select_queries(search.queries, [retrieval.rows for retrieval in retrievals])
    number = np.zeros(len(archive), int)
    number[rows] = np.arange(len(rows))
    images, scenes = (archive[column].to_numpy(str) for column in ("image", "scene"))
    labels = label_matrix(archive)[rows]
    left, right = opening_pair(retrievals)
    return {
        "archive": name,
        "k": retrievals[0].rows.shape[1],
        "total_queries": len(search.queries),
        "database": len(search.database),
        "metrics": METRICS,
        "lower_is_better": LOWER_IS_BETTER,
        "labels": label_names(archive),
        "queries": len(selected),
        "images": [
            {"id": image, "scene": scene, "labels": np.flatnonzero(flags).tolist()}
            for image, scene, flags in zip(images[rows], scenes[rows], labels, strict=True)
        ],
        "maps": [] if places is None else [map_address(*one) for one in places[rows].tolist()],
        "thumbnails": [
            b64encode(jpeg).decode() for jpeg in read_thumbnails(thumbnails, images, rows)
        ],
        "models": [
            {
                "backbone": retrieval.backbone,
                "labeling": labeling_name(retrieval.labeling, retrieval.trained_on, name),
                "seed": retrieval.seed,
                "descriptor": retrieval.descriptor,
                "hits": packed(number[retrieval.rows[selected]], "<u2"),
                "similarity": packed(np.rint(1000 * retrieval.similarity[selected]), "<i2"),
                "scores": packed(retrieval.scores[selected], "<f4"),
                "means": means(retrieval.scores),
            }
            for retrieval in retrievals
        ],
        "opening": [retrievals.index(left), retrievals.index(right)],
        "figures": [
            {"figure": figure, "scene": scene, "query": int(of_scene[0])}
            for figure, scene in FIGURES.items()
            if len(of_scene := np.flatnonzero(scenes[search.queries[selected]] == scene))
        ],
    }


def map_address(longitude: float, latitude: float) -> str | None:
    """Return the address of a map with a marker at a place, or None if the place is NaN."""
    if np.isnan(longitude):
        return None
    place = f"{latitude:.5f}/{longitude:.5f}"
    marker = f"mlat={latitude:.5f}&mlon={longitude:.5f}"
    return f"https://www.openstreetmap.org/?{marker}#map=14/{place}"


def select_queries(queries: Ints, hits: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Select evenly spaced queries, as many as `MOST_QUERIES` and `MOST_IMAGES` allow.

    Parameters
    ----------
    queries
        (Q,) rows of the archive.
    hits
        (Q, k) rows of the archive, for each descriptor of each model.

    Returns
    -------
    selected
        Places in `queries`.
    rows
        Rows of the archive on the page: the selected queries, in their order, then the other hits.
    """
    number = min(len(queries), MOST_QUERIES)
    while True:
        selected = np.arange(number) * len(queries) // number
        images = np.unique(np.concatenate([ranked[selected].ravel() for ranked in hits]))
        rows = np.concatenate([queries[selected], np.setdiff1d(images, queries[selected])])
        if len(rows) <= MOST_IMAGES or number == 1:
            return selected, rows
        number //= 2


def opening_pair(retrievals: Sequence[Retrieval]) -> tuple[Retrieval, Retrieval]:
    """Return the pair that the page opens with: the thesis' pair, or the most similar one.

    The thesis' pair is the pooled off-the-shelf features of the first network, and the output layer
    of the same network after multi-label fine-tuning.
    """
    left = max(
        retrievals,
        key=lambda retrieval: (retrieval.labeling == OFF_THE_SHELF, retrieval.descriptor == POOL),
    )
    right = max(
        (retrieval for retrieval in retrievals if retrieval is not left),
        key=lambda retrieval: (
            retrieval.backbone == left.backbone,
            retrieval.labeling == MULTI_LABEL,
            retrieval.labeling != OFF_THE_SHELF,
            retrieval.descriptor == OUTPUT,
        ),
        default=left,
    )
    return left, right


def packed(values: NDArray[Any], dtype: str) -> str:
    """Return an array as the base64 of its bytes."""
    return b64encode(values.astype(dtype).tobytes()).decode()


def means(scores: Floats) -> list[float | None]:
    """Return the mean (M,) of scores (Q, M) over the queries with a score; None without any."""
    return [None if np.isnan(mean) else round(mean, 6) for mean in pd.DataFrame(scores).mean()]


def write_gallery(path: Path, template: Path, data: dict[str, Any]) -> None:
    """Write the page as one self-contained file."""
    json = htmlsafe_json_dumps(data, allow_nan=False, separators=(",", ":"))
    page = rendered(template, data=data, json=json)
    with written_whole(path) as partial:
        partial.write_text(page, encoding="utf-8")
