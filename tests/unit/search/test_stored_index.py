"""Indexes of archives that are stored for queries by example."""

import numpy as np
import pytest

from rsir.core.hdf5 import array_file, new_arrays
from rsir.descriptors.descriptor_files import open_descriptors
from rsir.evaluation.index_quality import index_for_queries
from rsir.search.exact import rank
from rsir.search.stored_index import read_index

NUMBER, DEPTH = 2_000, 10


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, 18))
    values = centres[rng.integers(40, size=NUMBER)] + 0.3 * rng.normal(size=(NUMBER, 18))
    return values.astype(np.float32)


@pytest.mark.parametrize("kind", ["hnsw", "ivf", "ivfpq", "binary"])
def test_a_stored_index_retrieves_what_it_says_of_descriptors_in_a_file(vectors, tmp_path, kind):
    images = [str(number) for number in range(NUMBER)]
    with array_file(tmp_path / "descriptors.h5", images, {}) as file:
        file.append("pool", vectors)
    with new_arrays(tmp_path / "indexes.h5", {"descriptors_created": "today"}) as file:
        index_for_queries(kind, vectors, DEPTH).write(file, "pool")
    assert read_index(tmp_path / "indexes.h5", "output", "today") is None
    assert read_index(tmp_path / "indexes.h5", "pool", "tomorrow") is None
    index = read_index(tmp_path / "indexes.h5", "pool", "today")
    assert index is not None
    assert (index.kind, index.cutoff) == (kind, DEPTH)
    assert index.recall >= (0.7 if kind == "binary" else 0.9)
    queries = np.arange(0, NUMBER, 40)
    with open_descriptors(tmp_path / "descriptors.h5", images) as available:
        ranked, similarity = index.rank(available["pool"], vectors[queries], DEPTH + 1)
    expected, exact = rank(vectors, queries, np.arange(NUMBER), DEPTH + 1)
    assert (ranked[:, 0] == queries).all()
    recall = np.mean([len({*a} & {*b}) / len(a) for a, b in zip(ranked, expected, strict=True)])
    assert recall == pytest.approx(index.recall, abs=0.05)
    same = (ranked == expected).all(axis=1)
    assert same.mean() > 0.3
    np.testing.assert_array_equal(similarity[same], exact[same])


def test_fewer_images_than_are_asked_for(vectors):
    index = index_for_queries("hnsw", vectors[:5], 3)
    ranked, similarity = index.rank(vectors[:5], vectors[:1], 9)
    assert sorted(ranked[0]) == list(range(5))
    assert (np.diff(similarity[0]) <= 0).all()
