"""Approximate indexes against exact search, on small vectors in clusters."""

import numpy as np
import pytest

from rsir.core.errors import InputError
from rsir.evaluation.index_quality import recall_of_neighbours
from rsir.search.exact import rank
from rsir.search.indexes import (
    INDEXES,
    build_index,
    index_bytes,
    search_index,
    settings,
    unit_vectors,
    use_threads,
)

NUMBER, DIMENSION, DEPTH = 1_000, 18, 10
CODES = {"hnsw": (4 * DIMENSION, 1_000), "ivf": (4 * DIMENSION, 100), "ivfpq": (5, 20)}


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    use_threads(1)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(20, DIMENSION))
    values = centres[rng.integers(20, size=NUMBER)] + 0.3 * rng.normal(size=(NUMBER, DIMENSION))
    return unit_vectors(values.astype(np.float32))


def test_the_last_setting_finds_the_nearest_neighbours(vectors):
    rows = np.arange(NUMBER)
    expected, _ = rank(vectors, rows[:200], rows, DEPTH)
    for name, least in {"hnsw": 0.99, "ivf": 0.5, "ivfpq": 0.3, "binary": 0.2}.items():
        index, _ = build_index(name, vectors)
        recalls = [
            recall_of_neighbours(search_index(index, vectors[:200], DEPTH), expected)
            for _ in settings(name, index)
        ]
        assert recalls[-1] >= least, name
        assert recalls == sorted(recalls), name


@pytest.mark.parametrize("name", INDEXES)
def test_the_same_vectors_give_the_same_index(vectors, name):
    indexes = [build_index(name, vectors)[0] for _ in range(2)]
    first, second = (search_index(index, vectors[:50], DEPTH) for index in indexes)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", CODES)
def test_an_image_takes_its_code_and_what_links_it(vectors, name):
    code, most_links = CODES[name]
    index, overhead = build_index(name, vectors)
    of_an_image = (index_bytes(index) - overhead) / NUMBER
    assert code <= of_an_image <= code + most_links


def test_binary_codes_take_a_bit_for_each_dimension(vectors):
    index, overhead = build_index("binary", vectors)
    assert (index_bytes(index) - overhead) / NUMBER == 3


@pytest.mark.parametrize(("name", "least"), [("ivf", 78), ("ivfpq", 256)])
def test_too_few_images_are_refused(vectors, name, least):
    build_index(name, vectors[:least])
    with pytest.raises(InputError) as refusal:
        build_index(name, vectors[: least - 1])
    assert str(refusal.value) == (
        f"retrieval.indexes: {name} needs at least {least} images, and the database has "
        f"{least - 1}; remove {name} or search more images"
    )


def test_a_vector_of_zeros_remains_one():
    np.testing.assert_array_equal(
        unit_vectors(np.array([[0, 0], [3, 4]], dtype=np.float32)),
        np.array([[0, 0], [0.6, 0.8]], dtype=np.float32),
    )
