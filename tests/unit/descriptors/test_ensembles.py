"""Ensembles: the mean of similarities, and of probabilities."""

import numpy as np
import pytest

from rsir.core.errors import InputError
from rsir.descriptors.ensembles import ensemble

RANDOM = np.random.default_rng(0)
MEMBERS = [RANDOM.random((5, size)).astype(np.float32) for size in (4, 7)]


def cosines(vectors):
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units @ units.T


def test_the_similarity_is_the_mean_of_those_of_the_members():
    made = ensemble(MEMBERS, are_probabilities=False)
    assert list(made) == ["joined"]
    expected = np.mean([cosines(member) for member in MEMBERS], axis=0)
    np.testing.assert_allclose(cosines(made["joined"]), expected, rtol=1e-6)


def test_probabilities_are_averaged():
    one, other = np.array([[0.2, 0.8]], np.float32), np.array([[0.6, 0.4]], np.float32)
    made = ensemble([one, other], are_probabilities=True)
    np.testing.assert_allclose(made["output"], [[0.4, 0.6]], rtol=1e-6)


def test_probabilities_of_other_classes_are_refused():
    with pytest.raises(InputError, match="outputs with 4, 7 columns have no mean"):
        ensemble(MEMBERS, are_probabilities=True)
