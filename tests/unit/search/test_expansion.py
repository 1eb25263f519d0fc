"""Query expansion and database augmentation: by hand, and by leaving out what is excluded."""

import numpy as np
import pytest

from rsir.search.expansion import Expansion, rank_expanded
from rsir.search.protocol import without
from rsir.search.similarities import SIMILARITIES

RANDOM = np.random.default_rng(0)
CLOUDS = RANDOM.random((6, 5)) + 0.05
VECTORS = (CLOUDS[np.arange(36) % 6] + 0.3 * RANDOM.random((36, 5))).astype(np.float32)
QUERIES, DATABASE = np.arange(0, 30, 2), np.arange(4, 36)
OWN = np.where(np.isin(QUERIES, DATABASE), QUERIES - 4, -1)[:, None]
NONE = OWN[:, :0]
DUPLICATES = np.column_stack(
    [OWN, (QUERIES + 6) % 32, np.where(QUERIES % 4, (QUERIES + 3) % 32, -1)]
)

EXPANSIONS = [Expansion(3, 4, 2.0), Expansion(0, 3, 0.0), Expansion(2, 0, 1.0)]


def test_values_by_hand():
    # The query (1, 0) has the neighbours (0.8, 0.6) and (0, 1), with the similarities 0.8 and 0.
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)
    ranked, similarity = rank_expanded(
        vectors,
        np.array([0]),
        np.array([1, 2]),
        np.empty((1, 0), int),
        2,
        SIMILARITIES["cosine"],
        Expansion(0, 2, 1.0),
    )
    expanded = np.array([1 + 0.8 * 0.8, 0.8 * 0.6])
    expanded /= np.linalg.norm(expanded)
    np.testing.assert_array_equal(ranked, [[0, 1]])
    np.testing.assert_allclose(similarity, [[expanded @ [0.8, 0.6], expanded[1]]], rtol=1e-6)


def test_a_database_is_augmented_by_hand():
    # Each of the two images of the database becomes the mean of both.
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)
    _, similarity = rank_expanded(
        vectors,
        np.array([0]),
        np.array([1, 2]),
        np.empty((1, 0), int),
        2,
        SIMILARITIES["cosine"],
        Expansion(1, 0, 1.0),
    )
    np.testing.assert_allclose(similarity, [[0.8 / np.hypot(0.8, 1.6)] * 2], rtol=1e-6)


def brute_force(name, row, left_out, expansion):
    """Rank the images that remain, one at a time, for one query."""
    similarity = SIMILARITIES[name]
    remaining = [row for place, row in enumerate(DATABASE) if place not in left_out]
    own = {one: similarity.scaled(VECTORS[one][None].astype(float))[0] for one in remaining}

    def compare(vector, other):
        return np.float32(similarity.of_pair(single(vector), single(other)[None])[0])

    def single(vector):
        return vector.astype(np.float32).astype(float)

    def mean(vector, weights, others):
        total = vector + sum(w * other for w, other in zip(weights, others, strict=True))
        return total / (1 + sum(weights))

    augmented = {}
    for one in remaining:
        others = sorted(set(remaining) - {one}, key=lambda two: -compare(own[one], own[two]))
        near = [own[two] for two in others[: expansion.augmentation]]
        augmented[one] = similarity.scaled(mean(own[one], [1] * len(near), near)[None])[0]
    query = similarity.scaled(VECTORS[row][None].astype(float))[0]
    nearest = sorted(remaining, key=lambda one: -compare(query, augmented[one]))
    nearest = nearest[: expansion.neighbours]
    weights = [max(compare(query, augmented[one]), 0) ** expansion.alpha for one in nearest]
    query = mean(query, weights, [augmented[one] for one in nearest])
    # Images with the same neighbours are equal but for rounding.
    order = sorted(remaining, key=lambda one: -compare(query, augmented[one]))
    places = {row: place for place, row in enumerate(DATABASE)}
    return [places[one] for one in order]


@pytest.mark.parametrize("expansion", EXPANSIONS)
@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize(
    "excluded", [NONE, OWN, DUPLICATES], ids=["included", "excluded", "removed"]
)
def test_what_is_excluded_is_nowhere_a_neighbour(name, excluded, expansion):
    ranked, _ = rank_expanded(
        VECTORS, QUERIES, DATABASE, excluded, 32, SIMILARITIES[name], expansion
    )
    for query, (row, positions) in enumerate(zip(QUERIES, ranked, strict=True)):
        left_out = set(excluded[query].tolist())
        kept = [place for place in positions.tolist() if place not in left_out]
        assert kept == brute_force(name, row, left_out, expansion)


def test_a_shallow_ranking_is_the_beginning_of_a_deep_one():
    deep, shallow = (
        rank_expanded(VECTORS, QUERIES, DATABASE, OWN, depth, SIMILARITIES["cosine"], EXPANSIONS[0])
        for depth in (32, 7)
    )
    for whole, beginning in zip(deep, shallow, strict=True):
        np.testing.assert_array_equal(whole[:, :7], beginning)
    assert without(shallow[0], OWN).shape == (15, 7)


def test_fewer_images_than_neighbours_are_all_used():
    ranked, _ = rank_expanded(
        VECTORS[:6],
        np.array([0]),
        np.arange(6),
        np.array([[0, 3]]),
        6,
        SIMILARITIES["cosine"],
        Expansion(9, 9, 1.0),
    )
    assert sorted(ranked[0]) == list(range(6))
