"""NMRR under each condition of a search, from rankings that are too long to keep."""

from collections.abc import Sequence

import numpy as np

from rsir.metrics.arrays import Floats, Ints, Scenes
from rsir.metrics.scene_relevance import SceneRelevance
from rsir.search.protocol import Condition, without


class ConditionNmrr:
    """The NMRR of queries under conditions, a block of rankings at a time.

    Parameters
    ----------
    conditions : sequence of Condition
        The C conditions of a search.
    query_scenes, database_scenes : ndarray
        (Q,) and (D,) scene classes.
    """

    def __init__(
        self, conditions: Sequence[Condition], query_scenes: Scenes, database_scenes: Scenes
    ) -> None:
        self.conditions = len(conditions)
        self._parts = []
        for condition in conditions:
            number = np.full(len(query_scenes), -1)
            number[condition.counted] = np.arange(len(condition.counted))
            scenes = query_scenes[condition.counted], database_scenes
            relevance = SceneRelevance.of(*scenes, condition.excluded)
            self._parts.append((condition, number, relevance))

    def of(self, places: Ints, ranked: Ints) -> Floats:
        """Return the NMRR (C, B) of rankings (B, depth) of the queries at `places` (B,).

        It is NaN where a condition does not count a query. The depth is that of
        `rsir.metrics.scoring.ranking_depth`.
        """
        scores = np.full((len(self._parts), len(places)), np.nan)
        for row, (condition, number, relevance) in zip(scores, self._parts, strict=True):
            numbers = number[places]
            counted = np.flatnonzero(numbers >= 0)
            if len(counted):
                numbers = numbers[counted]
                kept = without(ranked[counted], condition.excluded[numbers])
                row[counted] = relevance.nmrr(kept, numbers)
        return scores
