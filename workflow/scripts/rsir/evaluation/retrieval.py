"""The rankings of a descriptor as they are kept, and the NMRR, which needs longer ones."""

from collections.abc import Iterator, Sequence

import h5py
import numpy as np
import torch

from rsir.evaluation.condition_nmrr import ConditionNmrr
from rsir.metrics.arrays import Floats
from rsir.search.exact import Block, rank_blocks
from rsir.search.expansion import Expansion, rank_conditions
from rsir.search.protocol import Condition, Ranking, Search
from rsir.search.similarities import COSINE, SIMILARITIES


def retrieve(
    descriptor: h5py.Dataset | np.ndarray,
    search: Search,
    conditions: Sequence[Condition],
    depths: tuple[int, int],
    scored: ConditionNmrr | None,
    similarity: str,
    expansion: Expansion | None,
    device: torch.device,
) -> tuple[Ranking | dict[str, Ranking], Floats | None]:
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
    similarity : str
        A key of `rsir.search.similarities.SIMILARITIES`.
    expansion : Expansion or None
        The numbers of neighbours by which vectors are averaged, if they are.
    device : torch.device
        Device that computes the similarities.

    Returns
    -------
    rankings
        Positions (Q, kept) and similarities, for all conditions or, where they are different with
        an expansion, by `Condition.key`.
    nmrr
        (C, Q), if it is computed.
    """
    depth, kept = depths
    compared, everyone = SIMILARITIES[similarity], np.arange(len(search.queries))
    if expansion:
        whole = rank_conditions(
            descriptor[:], search, conditions, depth, compared, expansion, device
        )
        rankings = {
            key: (ranked[:, :kept], values[:, :kept]) for key, (ranked, values) in whole.items()
        }
        if scored is None:
            return rankings, None
        by_key = {key: scored.of(everyone, ranked) for key, (ranked, _) in whole.items()}
        keys = [condition.key for condition in conditions]
        return rankings, np.stack([by_key[key][number] for number, key in enumerate(keys)])
    if similarity == COSINE:
        blocks = rank_blocks(descriptor, search.queries, search.database, depth, device)
    else:
        rows = search.queries, search.database
        blocks = iter([(everyone, *compared.rank(descriptor[:], *rows, depth, device))])
    return _collected(blocks, len(search.queries), kept, scored)


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
            nmrr[:, places] = scored.of(places, ranked)
    return (positions, similarity), nmrr
