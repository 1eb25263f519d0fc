"""Derived descriptors: values by hand, by scikit-learn, and fitted on training images alone."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from rsir.core.errors import InputError
from rsir.core.hdf5 import array_file
from rsir.descriptors.codes import Codes
from rsir.descriptors.derived import derive, fit
from rsir.descriptors.descriptor_files import append_fitted, read_fitted

RANDOM = np.random.default_rng(0)
POOL = RANDOM.normal(size=(60, 8)).astype(np.float32)
OUTPUT = RANDOM.random((60, 3)).astype(np.float32)
NATIVE = {"pool": POOL, "output": OUTPUT}
TRAIN = np.arange(0, 60, 2)
LABELS = RANDOM.random((60, 4)) < 0.4
SCENES = np.array(["beach", "forest", "harbor"] * 20)

DEFINITIONS = {
    "codes": {"from": "reduced", "steps": [{"binarize": "sign"}]},
    "reduced": {"from": "pool", "steps": [{"l2": True}, {"power": 0.5}, {"pca": 4}]},
    "whitened": {"from": "pool", "steps": [{"whiten": 4}]},
    "scenes": {"from": "pool", "steps": [{"lda": "scene"}]},
    "labels": {"from": "pool", "steps": [{"lda": "label"}]},
    "itq": {"from": "reduced", "steps": [{"binarize": "itq"}]},
    "int8": {"from": "pool", "steps": [{"int8": True}]},
    "pq": {"from": "pool", "steps": [{"pq": {"bytes": 2}}]},
    "both": {"concatenate": ["pool", "output"], "weights": [3, 1]},
}


def vectors(values: np.ndarray | Codes) -> np.ndarray:
    return values.vectors() if isinstance(values, Codes) else values


def fitted(definitions, native, train, scenes, labels, name):
    of_train = {one: values[train] for one, values in native.items()}
    scenes_of_train = None if scenes is None else scenes[train]
    return fit(definitions, of_train, scenes_of_train, labels[train], name)


def made_of(definitions, native, train, scenes, labels, name):
    parameters = fitted(definitions, native, train, scenes, labels, name)
    return derive(definitions, parameters, native, name)


def derived(**definition: object) -> np.ndarray:
    return vectors(made_of({"own": definition}, NATIVE, TRAIN, SCENES, LABELS, "own"))


def test_values_by_hand():
    native = {"pool": np.array([[3, -4], [0, 0]], np.float32)}
    steps = [{"l2": True}, {"power": 0.5}]
    made = made_of(
        {"own": {"from": "pool", "steps": steps}}, native, np.arange(2), None, LABELS[:2], "own"
    )
    np.testing.assert_allclose(made, [[0.6**0.5, -(0.8**0.5)], [0, 0]], rtol=1e-6)


def test_signs_are_of_deviations_from_the_training_mean():
    native = {"pool": np.array([[1, 5], [3, 1], [2.5, 9]], np.float32)}
    definition = {"from": "pool", "steps": [{"binarize": "sign"}]}
    made = made_of({"own": definition}, native, np.array([0, 1]), None, LABELS[:3], "own").vectors()
    np.testing.assert_array_equal(made, [[-1, 1], [1, -1], [1, 1]])


@pytest.mark.parametrize(("step", "whiten"), [("pca", False), ("whiten", True)])
def test_principal_components_are_those_of_scikit_learn(step, whiten):
    expected = PCA(4, whiten=whiten).fit(POOL[TRAIN].astype(float)).transform(POOL.astype(float))
    made = derived(**{"from": "pool", "steps": [{step: 4}]})
    np.testing.assert_allclose(np.abs(made), np.abs(expected), rtol=1e-4, atol=1e-5)


def test_whitened_training_vectors_are_uncorrelated():
    made = derived(**{"from": "pool", "steps": [{"whiten": 4}]})[TRAIN]
    np.testing.assert_allclose(np.cov(made.T), np.eye(4), atol=1e-5)


def test_lda_tells_scenes_apart_as_that_of_scikit_learn():
    lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    expected = lda.fit(POOL[TRAIN].astype(float), SCENES[TRAIN]).transform(POOL.astype(float))
    made = derived(**{"from": "pool", "steps": [{"lda": "scene"}]})
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-6)


def test_cosine_of_a_concatenation_is_the_weighted_mean_of_cosines():
    def cosine(vectors):
        return np.dot(vectors[0], vectors[1]) / np.prod(np.linalg.norm(vectors[:2], axis=1))

    made = derived(concatenate=["pool", "output"], weights=[3, 1])
    expected = 0.75 * cosine(POOL) + 0.25 * cosine(OUTPUT)
    assert cosine(made.astype(float)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_no_test_image_moves_another(name):
    changed = np.setdiff1d(np.arange(60), TRAIN)[:10]
    others = {name: values.copy() for name, values in NATIVE.items()}
    for values in others.values():
        values[changed] = 7
    kept = np.setdiff1d(np.arange(60), changed)
    before, after = (
        vectors(made_of(DEFINITIONS, of, TRAIN, SCENES, LABELS, name)) for of in (NATIVE, others)
    )
    np.testing.assert_allclose(after[kept], before[kept], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_second_derivation_is_equal_to_the_byte(name):
    first, second = (
        vectors(made_of(DEFINITIONS, NATIVE, TRAIN, SCENES, LABELS, name)) for _ in range(2)
    )
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("name", DEFINITIONS)
def test_an_image_alone_is_described_as_among_others_by_stored_parameters(name, tmp_path):
    parameters = fitted(DEFINITIONS, NATIVE, TRAIN, SCENES, LABELS, name)
    with array_file(tmp_path / "derived.h5", ["a"], {}) as file:
        append_fitted(file, parameters)
    stored = read_fitted(tmp_path / "derived.h5", DEFINITIONS)
    whole = vectors(derive(DEFINITIONS, parameters, NATIVE, name))
    for row in (0, 1):
        alone = {one: values[row : row + 1] for one, values in NATIVE.items()}
        made = vectors(derive(DEFINITIONS, stored, alone, name))
        np.testing.assert_allclose(made[0], whole[row], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("definitions", "message"),
    [
        ({"a": {"from": "b"}, "b": {"from": "a"}}, "is derived from itself"),
        ({"a": {"from": "projection"}}, "no descriptor 'projection', but pool, output"),
        ({"a": {"from": "pool", "steps": [{"pca": 9}]}}, "a: pca: 9 dimensions .* at most 8"),
        ({"a": {"concatenate": ["pool", "output"], "weights": [1]}}, "1 weights for 2"),
        ({"a": {"from": "pool", "steps": [{"pq": {"bytes": 3}}]}}, "a: pq: 8 dimensions do not"),
    ],
)
def test_what_cannot_be_derived_is_refused(definitions, message):
    with pytest.raises(InputError, match=message):
        made_of(definitions, NATIVE, TRAIN, SCENES, LABELS, "a")


def test_lda_needs_scenes():
    definition = {"from": "pool", "steps": [{"lda": "scene"}]}
    with pytest.raises(InputError, match="there are no scenes"):
        made_of({"a": definition}, NATIVE, TRAIN, None, LABELS, "a")


def test_components_need_more_training_images():
    definition = {"from": "pool", "steps": [{"pca": 4}]}
    with pytest.raises(InputError, match="at most 3"):
        made_of({"a": definition}, NATIVE, TRAIN[:4], None, LABELS, "a")
