"""Rankings by similarity, of arbitrary descriptors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsir.search.exact import rank

pytestmark = pytest.mark.usefixtures("small_blocks")

numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
small = st.integers(-3, 3).map(float)
shapes = st.tuples(st.integers(1, 40), st.integers(1, 6))
descriptors = shapes.flatmap(
    lambda shape: (
        arrays(np.float32, shape, elements=small) | arrays(np.float32, shape, elements=numbers)
    )
)


def cosine_similarity(values: np.ndarray, queries: np.ndarray, database: np.ndarray) -> np.ndarray:
    unit = values.astype(np.longdouble)
    norms = np.sqrt((unit**2).sum(axis=1, keepdims=True))
    unit = np.divide(unit, norms, out=np.zeros_like(unit), where=norms > 0)
    return unit[queries] @ unit[database].T


@st.composite
def searches(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    values = draw(descriptors)
    rows = st.integers(0, len(values) - 1)
    queries = draw(st.lists(rows, min_size=1, max_size=9, unique=True))
    database = draw(st.just(range(len(values))) | st.permutations(range(len(values))))
    count = draw(st.integers(1, len(values)))
    return values, np.array(queries), np.array(database)[:count], draw(st.integers(1, 45))


@settings(deadline=None, max_examples=200, derandomize=True)
@given(searches())
def test_a_ranking_is_the_database_by_decreasing_similarity(
    problem: tuple[np.ndarray, np.ndarray, np.ndarray, int],
) -> None:
    values, queries, database, depth = problem
    ranked, similarity = rank(*problem)
    shape = (len(queries), min(depth, len(database)))
    assert ranked.shape == similarity.shape == shape
    assert (ranked.dtype, similarity.dtype) == (np.int32, np.float32)
    assert ((ranked >= 0) & (ranked < len(database))).all()
    assert all(len(set(row)) == len(row) for row in ranked.tolist())
    assert (np.abs(similarity) <= 1).all()
    assert (np.diff(similarity) <= 0).all()
    tied = np.diff(similarity) == 0
    assert (np.diff(ranked)[tied] > 0).all()
    cosine = cosine_similarity(values, queries, database)
    np.testing.assert_allclose(similarity, np.take_along_axis(cosine, ranked, 1), atol=2e-7)
    remaining = np.ones(cosine.shape, dtype=bool)
    np.put_along_axis(remaining, ranked.astype(int), False, axis=1)
    next_best = np.where(remaining, cosine, -2).max(axis=1)
    assert (next_best <= similarity[:, -1] + 2e-7).all()


@settings(deadline=None, max_examples=100, derandomize=True)
@given(searches())
def test_a_ranking_is_a_prefix_of_a_deeper_one(
    problem: tuple[np.ndarray, np.ndarray, np.ndarray, int],
) -> None:
    values, queries, database, depth = problem
    ranked, similarity = rank(*problem)
    for whole, part in zip(
        rank(values, queries, database, 10**9), (ranked, similarity), strict=True
    ):
        np.testing.assert_array_equal(part, whole[:, :depth])
