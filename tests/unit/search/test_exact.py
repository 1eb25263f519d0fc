"""Rankings against faiss and a full sort."""

from contextlib import ExitStack

import faiss
import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsir.core import hdf5
from rsir.core.errors import InputError
from rsir.search import exact, unit_vectors
from rsir.search.exact import rank, rank_blocks


def search(descriptors, queries=None, database=None, depth=10**9):
    rows = np.arange(len(descriptors))
    return rank(
        np.asarray(descriptors, dtype=np.float32),
        rows if queries is None else np.array(queries),
        rows if database is None else np.array(database),
        depth,
    )


def random_descriptors(count: int, dimension: int = 32) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, dimension)).astype(np.float32)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(exact, "QUERY_BLOCK", 4)
    monkeypatch.setattr(exact, "DATABASE_BLOCK", 7)
    monkeypatch.setattr(exact, "SPARE", 2)
    monkeypatch.setattr(unit_vectors, "GATHERED_BYTES", {"cpu": 2000})


def test_hand_computed_values():
    ranked, similarity = search([[1, 0], [0, 2], [3, 3], [-1, 0]], queries=[0, 2])
    assert ranked.tolist() == [[0, 2, 1, 3], [2, 0, 1, 3]]
    half = 0.5**0.5
    np.testing.assert_allclose(similarity, [[1, half, 0, -1], [1, half, half, -half]], atol=1e-6)
    assert (ranked.dtype, similarity.dtype) == (np.int32, np.float32)


@pytest.mark.parametrize("blocks", ["large", "small"])
def test_rankings_agree_with_faiss(request, blocks):
    if blocks == "small":
        request.getfixturevalue("small_blocks")
    descriptors = random_descriptors(300)
    queries, database = np.arange(0, 300, 3), np.arange(50, 300)
    unit = descriptors.copy()
    faiss.normalize_L2(unit)
    index = faiss.IndexFlatIP(unit.shape[1])
    index.add(unit[database])
    expected_similarity, expected = index.search(unit[queries], 20)
    ranked, similarity = search(descriptors, queries, database, depth=20)
    np.testing.assert_array_equal(ranked, expected)
    np.testing.assert_allclose(similarity, expected_similarity, atol=1e-6)


@pytest.mark.usefixtures("small_blocks")
def test_a_full_ranking_agrees_with_a_full_sort():
    descriptors = random_descriptors(60).astype(np.float64)
    unit = descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    ranked, similarity = search(descriptors)
    np.testing.assert_array_equal(ranked, np.argsort(-cosine, axis=1, kind="stable"))
    np.testing.assert_allclose(similarity, -np.sort(-cosine, axis=1), atol=1e-6)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("depth", [1, 3, 7, 8, 20, 40])
def test_ties_keep_the_order_of_the_database_across_blocks(depth):
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, 40)
    descriptors = np.eye(3)[kinds]
    database = rng.permutation(40)
    ranked, _ = search(descriptors, database=database, depth=depth)
    other = kinds[:, None] != kinds[database]
    np.testing.assert_array_equal(ranked, np.argsort(other, axis=1, kind="stable")[:, :depth])


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("dimension", [2, 300])
@pytest.mark.parametrize("scale", [1e-42, 1, 1e30])
def test_near_ties_are_ranked_in_double_precision(dimension, scale):
    # Four fifths of the images are in groups of ten that single precision cannot resolve.
    rng = np.random.default_rng(0)
    single, groups = rng.normal(size=(40, dimension)), rng.normal(size=(16, dimension))
    groups = np.repeat(groups, 10, axis=0) + rng.normal(scale=1e-7, size=(160, dimension))
    descriptors = (np.concatenate([single, groups]) * scale).astype(np.float32)
    exact = descriptors.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    cosine = (exact @ exact.T).astype(np.float32)
    expected = np.argsort(-cosine, axis=1, kind="stable")[:, :12]
    ranked, similarity = search(descriptors, depth=12)
    np.testing.assert_array_equal(ranked, expected)
    np.testing.assert_array_equal(similarity, np.take_along_axis(cosine, expected, axis=1))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("queries", [[0], [3, 1, 7, 2, 9]])
def test_copies_of_an_image_tie_at_any_position(queries):
    # Matrix products round differently at block edges, which must not break the ties.
    kinds = np.random.default_rng(0).integers(0, 4, 53)
    ranked, similarity = search(random_descriptors(4, 1000)[kinds], queries)
    for positions, values in zip(ranked, similarity, strict=True):
        for kind in range(4):
            of_kind = kinds[positions] == kind
            assert len(set(values[of_kind])) == 1
            assert positions[of_kind].tolist() == np.flatnonzero(kinds == kind).tolist()


def test_a_descriptor_of_zeros_has_similarity_0():
    ranked, similarity = search([[0, 0], [1, 0], [-1, 0]])
    assert ranked.tolist() == [[0, 1, 2], [1, 0, 2], [2, 0, 1]]
    assert similarity.tolist() == [[0, 0, 0], [1, 0, -1], [1, 0, -1]]


@pytest.mark.usefixtures("small_blocks")
def test_a_descriptor_of_zeros_has_similarity_0_in_a_large_database():
    descriptors = np.abs(random_descriptors(50))
    descriptors[[7, 30]] = 0
    ranked, similarity = search(descriptors, depth=3)
    assert ranked[7].tolist() == ranked[30].tolist() == [0, 1, 2]
    assert not similarity[[7, 30]].any()
    assert not np.isin(np.delete(ranked, [7, 30], axis=0), [7, 30]).any()


def test_rankings_do_not_depend_on_the_norms_of_descriptors():
    descriptors = random_descriptors(30)
    lengths = 2.0 ** np.random.default_rng(1).integers(-10, 10, (30, 1))
    for one, other in zip(search(descriptors), search(descriptors * lengths), strict=True):
        np.testing.assert_array_equal(one, other)


def test_depth_is_limited_to_the_size_of_the_database():
    ranked, similarity = search(random_descriptors(5), queries=[0, 1], database=[2, 3, 4], depth=9)
    assert ranked.shape == similarity.shape == (2, 3)
    assert np.sort(ranked).tolist() == [[0, 1, 2]] * 2


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=30, deadline=None)
@given(st.permutations(range(25)))
def test_similarities_do_not_depend_on_the_order_of_the_archive(order):
    descriptors = random_descriptors(25)
    expected = by_image(*search(descriptors))
    permuted = by_image(*search(descriptors[order]))
    np.testing.assert_array_equal(permuted, expected[np.ix_(order, order)])


def by_image(ranked: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    placed = np.empty_like(similarity)
    np.put_along_axis(placed, ranked, similarity, axis=1)
    return placed


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_descriptor_that_is_not_finite_is_refused(value):
    descriptors = random_descriptors(5)
    descriptors[3, 2] = value
    with pytest.raises(InputError, match="image number 4 is not finite; extract it again"):
        search(descriptors)


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Return a function that writes descriptors into a file too large to be held in memory."""
    monkeypatch.setattr(unit_vectors, "HELD_BYTES", 0)
    monkeypatch.setattr(unit_vectors, "FILE_ROWS", 11)
    monkeypatch.setattr(hdf5, "SPAN_ROWS", 5)
    with ExitStack() as files:

        def store(descriptors):
            file = files.enter_context(h5py.File(tmp_path / "descriptors.h5", "w"))
            return file.create_dataset("pool", data=np.asarray(descriptors, np.float32))

        yield store


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("depth", [3, 12, 70])
def test_descriptors_that_stay_in_their_file_are_ranked_alike(stored, monkeypatch, depth):
    rng = np.random.default_rng(0)
    descriptors = random_descriptors(120, 9)[rng.integers(0, 90, 120)]  # some are copies
    queries, database = rng.permutation(120)[:13], np.sort(rng.permutation(120)[:80])
    expected = rank(descriptors, queries, database, depth)
    monkeypatch.setattr(exact, "QUERY_BYTES", 3000)
    monkeypatch.setattr(exact, "WHOLE_BYTES", 3000)
    monkeypatch.setattr(exact, "SORTED_BYTES", 4000)
    for actual, desired in zip(
        rank(stored(descriptors), queries, database, depth), expected, strict=True
    ):
        np.testing.assert_array_equal(actual, desired)


def test_a_stored_descriptor_that_is_not_finite_is_refused(stored):
    descriptors = random_descriptors(50)
    descriptors[17, 2] = np.nan
    with pytest.raises(InputError, match="image number 18 is not finite"):
        rank(stored(descriptors), np.arange(9), np.arange(50), 4)


@pytest.mark.usefixtures("small_blocks")
def test_similarities_to_the_whole_database_are_at_hand_before_a_block(monkeypatch):
    monkeypatch.setattr(exact, "WHOLE_BYTES", 3000)
    descriptors, queries, database = random_descriptors(40), np.arange(1, 40, 3), np.arange(5, 40)
    whole = np.full((13, 35), np.nan, np.float32)

    def keep(places, similarity):
        whole[places] = similarity

    blocks = rank_blocks(descriptors, queries, database, 2, whole_rows=keep)
    for places, ranked, similarity in blocks:
        best = np.argsort(-whole[places], axis=1, kind="stable")[:, :2]
        np.testing.assert_array_equal(ranked, best)
        np.testing.assert_array_equal(similarity, np.take_along_axis(whole[places], best, axis=1))
    _, expected = rank(descriptors, queries, database, 35)
    np.testing.assert_array_equal(-np.sort(-whole, axis=1), expected)
