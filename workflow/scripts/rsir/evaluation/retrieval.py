"""The rankings of a descriptor as they are kept, and the scores that need longer ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import h5py
import numpy as np
import torch

from rsir.evaluation.condition_nmrr import ConditionNmrr
from rsir.evaluation.published import PublishedMetrics, PublishedScores
from rsir.metrics.arrays import Floats, Ints, blocks_of_queries
from rsir.search.exact import Block, rank_blocks
from rsir.search.expansion import Expansion, rank_conditions
from rsir.search.protocol import Condition, Ranking, Rankings, Search, headline_condition
from rsir.search.similarities import COSINE, SIMILARITIES, Similarity


@dataclass(frozen=True)
class Retrieved:
    """What is kept of the rankings of Q queries.

    Attributes
    ----------
    rankings
        Positions (Q, kept) and similarities, for all conditions or, where they are different with
        an expansion, by `Condition.key`.
    nmrr
        (C, Q) by condition, if it is computed.
    published
        The metrics of a published protocol, if there is one.
    """

    rankings: Ranking | dict[str, Ranking]
    nmrr: Floats | None
    published: PublishedScores

    @property
    def positions(self) -> Rankings:
        """The positions alone."""
        if isinstance(self.rankings, dict):
            return {key: positions for key, (positions, _) in self.rankings.items()}
        return self.rankings[0]


class _Published:
    """The scores of blocks of queries, collected; none without metrics of a protocol."""

    def __init__(self, metrics: PublishedMetrics | None, search: Search) -> None:
        self._metrics, self._queries = metrics, len(search.queries)
        self.scores: dict[tuple[str, int], Floats] = {}

    def add(self, places: Ints, ranked: Ints) -> None:
        """Score rankings (B, D) of the queries at `places` (B,)."""
        if self._metrics is None:
            return
        for block in blocks_of_queries(len(places), ranked.shape[1]):
            for key, values in self._metrics.of(places[block], ranked[block]).items():
                of_all = self.scores.setdefault(key, np.full(self._queries, np.nan))
                of_all[places[block]] = values

    def add_rows(self, places: Ints, similarity: torch.Tensor) -> None:
        """Score the order of similarities (B, D) of the queries at `places` (B,)."""
        for block in blocks_of_queries(*similarity.shape):
            ranked = similarity[block].sort(dim=1, descending=True, stable=True).indices
            self.add(places[block], ranked.cpu().numpy())


def retrieve(
    descriptor: h5py.Dataset | np.ndarray,
    search: Search,
    conditions: Sequence[Condition],
    depths: tuple[int, int],
    scored: ConditionNmrr | None,
    metrics: PublishedMetrics | None,
    similarity: str,
    expansion: Expansion | None,
    device: torch.device,
) -> Retrieved:
    """Rank the database for each query.

    Parameters
    ----------
    descriptor : Dataset or ndarray
        float32 N×D, a row per image of the archive.
    search : Search
        Q queries and a database.
    conditions : sequence of Condition
        The C conditions of the search.
    depths : tuple of int
        The number of ranks that are computed, and how many of them are kept.
    scored : ConditionNmrr or None
        What computes the NMRR; None in an archive without scenes.
    metrics : PublishedMetrics or None
        What scores the ranking of the whole database, if anything does.
    similarity : str
        A key of `rsir.search.similarities.SIMILARITIES`.
    expansion : Expansion or None
        The numbers of neighbours by which vectors are averaged, if they are.
    device : torch.device
        Device that computes the similarities.
    """
    depth, kept = depths
    compared, everyone = SIMILARITIES[similarity], np.arange(len(search.queries))
    published = _Published(metrics, search)
    if metrics is not None and (expansion or similarity != COSINE):
        depth = len(search.database)
    if expansion:
        whole = rank_conditions(
            descriptor[:], search, conditions, depth, compared, expansion, device
        )
        published.add(everyone, whole[headline_condition(search).key][0])
        nmrr = None
        if scored is not None:
            by_key = {key: scored.of(everyone, ranked) for key, (ranked, _) in whole.items()}
            keys = [condition.key for condition in conditions]
            nmrr = np.stack([by_key[key][number] for number, key in enumerate(keys)])
        rankings = {
            key: (ranked[:, :kept], values[:, :kept]) for key, (ranked, values) in whole.items()
        }
        return Retrieved(rankings, nmrr, published.scores)
    if similarity == COSINE:
        whole_rows = published.add_rows if metrics is not None else None
        rows = search.queries, search.database
        blocks = rank_blocks(descriptor, *rows, depth, device, whole_rows)
    else:
        blocks = _ranked_blocks(descriptor[:], search, compared, depth, device, published)
    ranking, nmrr = _collected(blocks, len(search.queries), kept, scored)
    return Retrieved(ranking, nmrr, published.scores)


def _ranked_blocks(
    descriptor: np.ndarray,
    search: Search,
    similarity: Similarity,
    depth: int,
    device: torch.device,
    published: _Published,
) -> Iterator[Block]:
    """Yield the rankings of blocks of queries by a similarity other than the cosine."""
    everyone = np.arange(len(search.queries))
    for block in blocks_of_queries(len(everyone), depth):
        rows = search.queries[block], search.database
        ranked, values = similarity.rank(descriptor, *rows, depth, device)
        published.add(everyone[block], ranked)
        yield everyone[block], ranked, values


def _collected(
    blocks: Iterator[Block], queries: int, kept: int, scored: ConditionNmrr | None
) -> tuple[Ranking, Floats | None]:
    """Return the first `kept` ranks of all queries, and the NMRR, from blocks of rankings."""
    positions = np.empty((queries, kept), np.int32)
    similarity = np.empty((queries, kept), np.float32)
    nmrr = None if scored is None else np.empty((scored.conditions, queries))
    for places, ranked, values in blocks:
        positions[places], similarity[places] = ranked[:, :kept], values[:, :kept]
        if scored is not None and nmrr is not None:
            for block in blocks_of_queries(*ranked.shape):
                nmrr[:, places[block]] = scored.of(places[block], ranked[block])
    return (positions, similarity), nmrr
