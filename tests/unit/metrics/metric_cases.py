"""A small database with hand-computed scores, and random rankings."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsir.metrics.scoring import score_rankings
from rsir.search.protocol import without

NOT_IN_DATABASE = np.array([[-1]])


def label_sets(*sets: str) -> np.ndarray:
    """Return one row per set of the letters a to d."""
    return np.array([[letter in labels for letter in "abcd"] for labels in sets])


DATABASE = label_sets("ab", "ab", "a", "cd", "abc", "", "bcd")
SCENES = np.array(["port", "port", "farm", "port", "farm", "farm", "farm"])


def score(
    ranked: list[int], query: str, own_row: int, cutoff: int, database: np.ndarray = DATABASE
) -> dict[str, float]:
    scores = score_rankings(
        np.array([ranked]), label_sets(query), database, None, None, np.array([[own_row]]), cutoff
    )
    return {metric: values.item() for metric, values in scores.items()}


def random_problem(
    seed: int,
    queries: int = 30,
    database: int = 60,
    labels: int = 9,
    density: float = 0.3,
    others: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return database labels, of which the first rows are the queries, rankings, excluded rows.

    A query may not retrieve itself, nor up to `others` more rows.
    """
    rng = np.random.default_rng(seed)
    database_labels = rng.random((database, labels)) < density
    ranked = rng.permuted(np.tile(np.arange(database), (queries, 1)), axis=1)
    more = np.argsort(rng.random((queries, database - queries)), axis=1)[:, :others] + queries
    more[np.arange(others) >= rng.integers(0, others + 1, queries)[:, None]] = -1
    excluded = np.column_stack([np.arange(queries), more])
    return database_labels, without(ranked, excluded), excluded


label_matrices = st.tuples(st.integers(4, 12), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.bool_, shape)
)
