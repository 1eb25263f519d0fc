"""The gallery: a page that shows what each query found, to judge retrieval by eye."""

from base64 import b64encode
from collections.abc import Sequence
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
from rsir.evaluation.methods import OFF_THE_SHELF, POOL
from rsir.evaluation.tables import read_results
from rsir.metrics.arrays import Floats, Ints
from rsir.metrics.scoring import LOWER_IS_BETTER, METRICS
from rsir.reports.html_page import rendered
from rsir.search.protocol import PROTOCOLS, Search, under_protocol
from rsir.search.ranking_file import read_rankings, read_similarity

PROTOCOL = PROTOCOLS[0]

MULTI_LABEL = "multi_label"
OUTPUT = "output"

MOST_QUERIES = 2500
MOST_IMAGES = 12_000
"""How much a page shows: its thumbnails are then at most 80 MB."""

FIGURES = {"5.1": "airplane", "5.2": "intersection", "5.3": "river", "5.4": "runway"}
"""The figures of the thesis that show what a query found, and the scene of the query."""


@dataclass(frozen=True, eq=False)
class Found:
    """What the queries found by one descriptor of a model.

    Attributes
    ----------
    rows : ndarray
        (Q, k) rows of the archive, best first, without the query itself.
    similarity : ndarray
        (Q, k) cosine similarities.
    scores : ndarray
        (Q, M) the queries' METRICS.
    """

    backbone: str
    labeling: str
    seed: int | None
    descriptor: str
    rows: Ints
    similarity: NDArray[np.float32]
    scores: Floats


def read_found(archive: pd.DataFrame, rankings: Path, scores: Path) -> tuple[Search, list[Found]]:
    """Read who asked, and what a model found for them up to the first cutoff, by descriptor.

    Raises
    ------
    InputError
        If the two files cannot be read or are not of the same queries.
    """
    images = archive["image"].to_numpy(str)
    search, positions, facts = read_rankings(rankings, images)
    table = read_results(scores)
    cutoff = int(table["k"].iloc[0])
    table = table[(table["query"] == PROTOCOL) & (table["k"] == cutoff)]
    found = []
    for descriptor, places in positions.items():
        scored = table[table["descriptor"] == descriptor]
        if list(scored["image"]) != list(images[search.queries]):
            raise InputError(f"{scores}: is not of {rankings}; delete it and run again")
        columns = others(places, search.own_rows)[:, :cutoff]
        similarity = read_similarity(rankings, descriptor)
        found.append(
            Found(
                facts["backbone"],
                facts["labeling"],
                int(facts["seed"]) if "seed" in facts else None,
                descriptor,
                search.database[np.take_along_axis(places, columns, axis=1)],
                np.take_along_axis(similarity, columns, axis=1),
                scored[list(METRICS)].to_numpy(float),
            )
        )
    return search, found


def others(places: Ints, own_rows: Ints) -> Ints:
    """Return the columns, at least depth − 1, of a ranking that are not the query's own.

    `places` (Q, depth) are rows of the database; the query's own row (Q,) is −1 outside it.
    """
    is_own = places == own_rows[:, None]
    own_columns = np.where(is_own.any(axis=1), is_own.argmax(axis=1), -1)
    columns, _ = under_protocol(PROTOCOL, np.indices(places.shape)[1], own_columns)
    return columns


def read_run(
    archive: pd.DataFrame, rankings: Sequence[Path], scores: Sequence[Path]
) -> tuple[Search, list[Found]]:
    """Read what all models found, in the order of the files.

    Raises
    ------
    InputError
        If a file cannot be read, or if not all are of one search.
    """
    models = [read_found(archive, *files) for files in zip(rankings, scores, strict=True)]
    search, _ = models[0]
    for path, (other, _) in zip(rankings, models, strict=True):
        if not (
            np.array_equal(other.queries, search.queries)
            and np.array_equal(other.database, search.database)
        ):
            raise InputError(f"{path}: is of another search; delete it and run again")
    return search, [found for _, of_model in models for found in of_model]


def gallery_data(
    name: str, archive: pd.DataFrame, search: Search, found: Sequence[Found], thumbnails: Path
) -> dict[str, Any]:
    """Return what the page shows, ready for JSON.

    Images go by number, queries first. Arrays are text: base64 of little-endian rows, a row per
    query; `hits` are uint16, `similarity` thousandths as int16, `scores` float32, NaN where a
    metric is not defined.

    Raises
    ------
    InputError
        If the thumbnails cannot be read or are of another archive.
    """
    asked, rows = shown(search.queries, [one.rows for one in found])
    number = np.zeros(len(archive), int)
    number[rows] = np.arange(len(rows))
    images, scenes = (archive[column].to_numpy(str) for column in ("image", "scene"))
    labels = label_matrix(archive)[rows]
    left, right = opening_pair(found)
    return {
        "archive": name,
        "k": found[0].rows.shape[1],
        "asked": len(search.queries),
        "searched": len(search.database),
        "metrics": METRICS,
        "lower_is_better": LOWER_IS_BETTER,
        "labels": label_names(archive),
        "queries": len(asked),
        "images": [
            {"id": image, "scene": scene, "labels": np.flatnonzero(own).tolist()}
            for image, scene, own in zip(images[rows], scenes[rows], labels, strict=True)
        ],
        "thumbnails": [
            b64encode(jpeg).decode() for jpeg in read_thumbnails(thumbnails, images, rows)
        ],
        "models": [
            {
                "backbone": one.backbone,
                "labeling": one.labeling,
                "seed": one.seed,
                "descriptor": one.descriptor,
                "hits": packed(number[one.rows[asked]], "<u2"),
                "similarity": packed(np.rint(1000 * one.similarity[asked]), "<i2"),
                "scores": packed(one.scores[asked], "<f4"),
                "means": means(one.scores),
            }
            for one in found
        ],
        "opening": [found.index(left), found.index(right)],
        "figures": [
            {"figure": figure, "scene": scene, "query": int(of_scene[0])}
            for figure, scene in FIGURES.items()
            if len(of_scene := np.flatnonzero(scenes[search.queries[asked]] == scene))
        ],
    }


def shown(queries: Ints, hits: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Draw queries evenly, so many that neither they nor the images to show are too many.

    Parameters
    ----------
    queries
        (Q,) rows of the archive.
    hits
        (Q, k) rows of the archive, for each descriptor of each model.

    Returns
    -------
    asked
        Places in `queries`.
    rows
        Rows of the archive that are shown: these queries, in their order, then the other images.
    """
    number = min(len(queries), MOST_QUERIES)
    while True:
        asked = np.arange(number) * len(queries) // number
        seen = np.unique(np.concatenate([ranked[asked].ravel() for ranked in hits]))
        rows = np.concatenate([queries[asked], np.setdiff1d(seen, queries[asked])])
        if len(rows) <= MOST_IMAGES or number == 1:
            return asked, rows
        number //= 2


def opening_pair(found: Sequence[Found]) -> tuple[Found, Found]:
    """Return what the page shows at first: the thesis' pair, or what comes nearest to it.

    That is, of the first network, the pooled features off the shelf and the output of the network
    that was fine-tuned with all labels.
    """
    left = max(found, key=lambda one: (one.labeling == OFF_THE_SHELF, one.descriptor == POOL))
    right = max(
        (one for one in found if one is not left),
        key=lambda one: (
            one.backbone == left.backbone,
            one.labeling == MULTI_LABEL,
            one.labeling != OFF_THE_SHELF,
            one.descriptor == OUTPUT,
        ),
        default=left,
    )
    return left, right


def packed(values: NDArray[Any], dtype: str) -> str:
    """Return an array as the base64 of its bytes."""
    return b64encode(values.astype(dtype).tobytes()).decode()


def means(scores: Floats) -> list[float | None]:
    """Return the mean (M,) of scores (Q, M) over the queries that have one; None without any."""
    return [None if np.isnan(mean) else round(mean, 6) for mean in pd.DataFrame(scores).mean()]


def write_gallery(path: Path, template: Path, data: dict[str, Any]) -> None:
    """Write the page, one file with all that it shows; style and code lie beside the template."""
    json = htmlsafe_json_dumps(data, allow_nan=False, separators=(",", ":"))
    page = rendered(template, data=data, json=json)
    with written_whole(path) as partial:
        partial.write_text(page, encoding="utf-8")
