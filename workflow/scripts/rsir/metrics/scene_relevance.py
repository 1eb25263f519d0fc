"""Images of the query's scene, which are relevant for ANMRR, and the ranks at which they stand."""

from dataclasses import dataclass

import numpy as np

from rsir.core.errors import InputError
from rsir.metrics.arrays import Floats, Ints, Scenes, blocks_of_queries, columns_of_rows
from rsir.metrics.ranked_lists import anmrr_windows, nmrr


@dataclass(frozen=True)
class SceneRelevance:
    """The images of each query's scene, which are relevant for ANMRR.

    Attributes
    ----------
    query_codes, database_codes : ndarray
        (Q,) and (D,) scenes as integers.
    number_relevant : ndarray
        (Q,) number of images of the query's scene that it may retrieve.
    available : ndarray
        (Q,) number of images that it may retrieve.
    window : ndarray
        (Q,) as returned by `anmrr_windows`.
    """

    query_codes: Ints
    database_codes: Ints
    number_relevant: Ints
    available: Ints
    window: Ints

    @classmethod
    def of(cls, query_scenes: Scenes, database_scenes: Scenes, excluded: Ints) -> "SceneRelevance":
        """Return it for scenes (Q,) and (D,) and excluded rows (Q, E), as in `score_rankings`."""
        query_codes, database_codes, number = scene_codes(query_scenes, database_scenes)
        available = np.full(len(query_codes), len(database_codes))
        for queries, rows in columns_of_rows(excluded):
            number[queries] -= database_codes[rows] == query_codes[queries]
            available[queries] -= 1
        return cls(query_codes, database_codes, number, available, anmrr_windows(number))

    def nmrr(self, ranked: Ints, queries: Ints) -> Floats:
        """Return the NMRR (B,) of rankings (B, depth) of some queries (B,).

        Raises
        ------
        InputError
            If the rankings are shorter than the windows.
        """
        window = self.window[queries]
        short = (ranked >= 0).sum(axis=1) < np.minimum(window, self.available[queries])
        if short.any():
            raise InputError(
                f"rankings: {ranked.shape[1]} ranks per query, but ANMRR needs {window.max()}; "
                "rank more images"
            )
        scores = np.empty(len(ranked))
        for block in blocks_of_queries(len(ranked), ranked.shape[1]):
            relevant = self.database_codes[ranked[block]] == self.query_codes[queries[block], None]
            relevant &= ranked[block] >= 0
            scores[block] = nmrr(relevant, self.number_relevant[queries[block]], window[block])
        return scores


def scene_codes(query_scenes: Scenes, database_scenes: Scenes) -> tuple[Ints, Ints, Ints]:
    """Return integer codes of the scenes (Q,) and (D,), and the size of each query's scene (Q,)."""
    _, codes = np.unique(np.concatenate([query_scenes, database_scenes]), return_inverse=True)
    query_codes, database_codes = np.split(codes, [len(query_scenes)])
    return (
        query_codes,
        database_codes,
        np.bincount(database_codes, minlength=len(codes))[query_codes],
    )
