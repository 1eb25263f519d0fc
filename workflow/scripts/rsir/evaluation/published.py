"""Metrics that other papers report, by the names of their protocols.

A protocol is an entry of `PROTOCOLS`, whose function scores a block of queries; what it sets in the
configuration is in `workflow/rules/protocols.smk`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rsir.core.errors import InputError
from rsir.evaluation.methods import METHOD
from rsir.metrics.arrays import Bools, Floats, Ints
from rsir.metrics.label_pairs import accuracy, label_overlap
from rsir.metrics.ranked_lists import average_precision, weighted_average_precision
from rsir.metrics.scene_relevance import SceneRelevance
from rsir.metrics.whole_rankings import (
    ndcg_of_list,
    trapezoidal_average_precision,
    whole_average_precision,
)
from rsir.search.protocol import Search, headline_condition, without

JACCARD_LEVELS = (0.6, 0.4, 0.2)
"""The levels of Imbriaco et al.; relevant is what is above a level."""


@dataclass(frozen=True)
class WholeRankings:
    """What queries retrieve from the whole database, themselves excluded, best first.

    Attributes
    ----------
    overlap
        (Q, D) number of shared labels.
    jaccard
        (Q, D) Jaccard index of the label sets.
    same_scene
        (Q, D) whether the scene is that of the query; None for an archive without scenes.
    nmrr
        (Q,) NMRR, which is of scenes; None without.
    """

    overlap: Ints
    jaccard: Floats
    same_scene: Bools | None
    nmrr: Floats | None


Scores = Iterator[tuple[str, int, Floats]]
"""The name of a metric, its cutoff, and the scores of the queries."""

PublishedScores = Mapping[tuple[str, int], Floats]
"""The scores (Q,) by metric and cutoff: the number of ranked images for the whole ranking."""


def single_label(ranked: WholeRankings, cutoffs: Sequence[int]) -> Scores:
    """Score as is usual for archives with a scene per image: relevant is the same scene."""
    if ranked.same_scene is None or ranked.nmrr is None:
        raise InputError("config: protocol: single_label needs scenes; the archive has none")
    images = ranked.same_scene.shape[1]
    yield "map_scene", images, whole_average_precision(ranked.same_scene)
    yield "anmrr", images, ranked.nmrr
    for cutoff in cutoffs:
        yield "precision_scene", cutoff, ranked.same_scene[:, :cutoff].mean(axis=1)


def oml2021(ranked: WholeRankings, cutoffs: Sequence[int]) -> Scores:
    """Score as Imbriaco et al., Toward multilabel image retrieval for remote sensing, 2021."""
    for level in JACCARD_LEVELS:
        relevant = ranked.jaccard > level
        name = f"map_jaccard_{level:g}"
        yield name, relevant.shape[1], trapezoidal_average_precision(relevant)
    for cutoff in cutoffs:
        overlap = ranked.overlap[:, :cutoff]
        yield "ndcg_of_list", cutoff, ndcg_of_list(overlap)
        yield "acg", cutoff, overlap.mean(axis=1)
        yield "wap", cutoff, weighted_average_precision(overlap)


def ibm2024(ranked: WholeRankings, cutoffs: Sequence[int]) -> Scores:
    """Score as IBM/remote-sensing-image-retrieval: relevant by any shared label, or by all."""
    for cutoff in cutoffs:
        for name, relevant in (
            ("map_any_label", ranked.overlap > 0),
            ("map_equal_labels", ranked.jaccard == 1),
        ):
            number = relevant.sum(axis=1)
            yield name, cutoff, average_precision(relevant[:, :cutoff], number)


PROTOCOLS: Mapping[str, Callable[[WholeRankings, Sequence[int]], Scores]] = {
    "single_label": single_label,
    "oml2021": oml2021,
    "ibm2024": ibm2024,
}


class PublishedMetrics:
    """The metrics of a protocol, of whole rankings, a block of queries at a time.

    The query is excluded from what it retrieves, near duplicates are kept.

    Parameters
    ----------
    protocol : str
        A key of `PROTOCOLS`.
    archive : DataFrame
        The images, their labels and scenes.
    search : Search
        Q queries and a database of D images.
    cutoffs : sequence of int
        Numbers of retrieved images.
    """

    def __init__(
        self, protocol: str, archive: pd.DataFrame, search: Search, cutoffs: Sequence[int]
    ) -> None:
        self._metrics, self._cutoffs = PROTOCOLS[protocol], cutoffs
        self._query_labels, self._labels, *scenes = search.labels_and_scenes(archive)
        self._excluded = headline_condition(search).excluded
        self._sizes = self._labels.sum(axis=1)
        self._scenes: SceneRelevance | None = None
        if scenes[0] is not None and scenes[1] is not None:
            self._scenes = SceneRelevance.of(scenes[0], scenes[1], self._excluded)

    def of(self, places: Ints, ranked: Ints) -> dict[tuple[str, int], Floats]:
        """Score rankings (B, D) of the whole database, of the queries at `places` (B,).

        Returns
        -------
        dict
            The scores (B,) as in `PublishedScores`.

        Raises
        ------
        InputError
            If the protocol needs scenes, and the archive has none.
        """
        labels = self._query_labels[places]
        ranked = without(ranked, self._excluded[places])
        overlap = np.take_along_axis(label_overlap(labels, self._labels), ranked, axis=1)
        jaccard = accuracy(overlap, labels.sum(axis=1)[:, None], self._sizes[ranked])
        same_scene, nmrr = None, None
        if self._scenes is not None:
            of_query = self._scenes.query_codes[places, None]
            same_scene = self._scenes.database_codes[ranked] == of_query
            nmrr = self._scenes.nmrr(ranked, places)
        whole = WholeRankings(overlap, jaccard, same_scene, nmrr)
        return {
            (metric, cutoff): scores
            for metric, cutoff, scores in self._metrics(whole, self._cutoffs)
        }


def published_rows(
    model: Mapping[str, str], by_descriptor: Mapping[str, PublishedScores]
) -> Iterator[dict[str, object]]:
    """Yield a row per descriptor, metric and cutoff.

    Parameters
    ----------
    model
        Values of the other columns of METHOD that identify it: backbone, labeling, trained_on.
    by_descriptor
        The scores of each descriptor.

    Yields
    ------
    dict
        METHOD, `metric`, the mean `value`, and `queries`. Queries without a score, for lack of a
        relevant image, are left out of mean and number.
    """
    condition = {"query": "excluded", "duplicates": "kept"}
    for descriptor, scores in by_descriptor.items():
        for (metric, cutoff), values in scores.items():
            of_queries = values[~np.isnan(values)]
            yield {
                **model,
                "descriptor": descriptor,
                **condition,
                "k": cutoff,
                "metric": metric,
                "value": float(of_queries.mean()) if len(of_queries) else np.nan,
                "queries": len(of_queries),
            }


def published_table(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Average `published_rows` of several seeds."""
    key = [*METHOD, "metric"]
    means = pd.DataFrame(list(rows)).groupby(key, sort=False)
    table = means[["value"]].mean()
    table["queries"], table["seeds"] = means["queries"].first(), means.size()
    return table.reset_index()
