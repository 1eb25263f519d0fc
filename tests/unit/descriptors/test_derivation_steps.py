"""Steps that make codes, and discriminants of labels: by hand, by scikit-learn and by faiss."""

import faiss
import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from rsir.core.errors import InputError
from rsir.descriptors.codes import sign_codes
from rsir.descriptors.derivation_steps import STEPS, Training, quantizing_rotation

RANDOM = np.random.default_rng(0)
VECTORS = RANDOM.normal(size=(300, 8)) @ RANDOM.normal(size=(8, 8))
LABELS = RANDOM.random((300, 3)) < 0.4
TRAINING = Training(VECTORS, None, LABELS)


def applied(training, step, value, vectors):
    return STEPS[step].apply(vectors, value, STEPS[step].fit(training, value))


def codes(step, value, vectors=VECTORS):
    return applied(TRAINING, step, value, vectors)


@pytest.mark.parametrize("dimension", [8, 11])
def test_signs_take_a_bit_each(dimension):
    signs = RANDOM.random((5, dimension)) < 0.5
    made = sign_codes(signs)
    np.testing.assert_array_equal(made.vectors(), np.where(signs, 1, -1))
    assert made.values.shape == (5, -(-dimension // 8))


def test_the_cosine_of_signs_orders_as_the_hamming_distance():
    values = codes("binarize", "itq")
    bits = np.unpackbits(values.values, axis=1).astype(int)
    cosines = values.vectors() @ values.vectors().T / 8
    np.testing.assert_allclose(cosines, 1 - 2 * np.abs(bits[:, None] - bits).sum(axis=2) / 8)


def test_iterative_quantization_loses_less_than_other_rotations():
    centred = VECTORS - VECTORS.mean(axis=0)
    rotation = quantizing_rotation(centred)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(8), atol=1e-12)

    def loss(rotated):
        return np.square(rotated - np.where(rotated >= 0, 1, -1)).sum()

    reference = faiss.ITQMatrix(8)
    reference.train(centred.astype(np.float32))
    signs = np.where(centred @ rotation >= 0, 1, -1)
    further, _ = orthogonal_procrustes(centred, signs)
    assert loss(centred @ rotation) < loss(centred)
    assert loss(centred @ rotation) < loss(reference.apply(centred.astype(np.float32)))
    assert loss(centred @ rotation) == pytest.approx(loss(centred @ further), rel=1e-3)


def test_int8_is_within_half_a_step_and_clips():
    made = codes("int8", True)
    step = np.ptp(VECTORS, axis=0) / 255
    assert (np.abs(made.vectors() - VECTORS) <= step / 2 + 1e-5).all()
    assert made.values.shape == (300, 8)
    beyond = codes("int8", True, np.array([VECTORS.max(axis=0) + 9, VECTORS.min(axis=0) - 9]))
    np.testing.assert_array_equal(beyond.values, np.repeat([[255], [0]], 8, axis=1))


def test_product_quantization_is_as_close_as_that_of_faiss():
    made = codes("pq", {"bytes": 2})
    assert made.values.shape == (300, 2)
    reference = faiss.ProductQuantizer(8, 2, 8)
    single = np.ascontiguousarray(VECTORS, np.float32)
    reference.train(single)
    theirs = reference.decode(reference.compute_codes(single))
    ours = np.square(made.vectors() - VECTORS).sum()
    assert ours == pytest.approx(np.square(theirs - VECTORS).sum(), rel=0.2)


def test_a_rotation_brings_product_quantization_closer_and_keeps_cosines():
    vectors = RANDOM.normal(size=(2_000, 8)) @ RANDOM.normal(size=(8, 8))
    training = Training(vectors, None, np.ones((2_000, 1), bool))
    rotation = STEPS["pq"].fit(training, {"bytes": 2, "rotation": True})["rotation"]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(8), atol=1e-5)
    rotated = applied(training, "pq", {"bytes": 2, "rotation": True}, vectors).vectors()
    plain = applied(training, "pq", {"bytes": 2}, vectors).vectors()
    assert np.square(rotated - vectors @ rotation).sum() < np.square(plain - vectors).sum()
    with pytest.raises(InputError, match="at least 256 training images, and there are 20"):
        STEPS["pq"].fit(Training(vectors[:20], None, LABELS[:20]), {"bytes": 2, "rotation": True})


def test_fewer_training_images_are_all_centroids():
    few = Training(VECTORS[:20], None, LABELS[:20])
    made = applied(few, "pq", {"bytes": 4}, VECTORS[:20])
    np.testing.assert_allclose(made.vectors(), VECTORS[:20], rtol=1e-5, atol=1e-5)


def test_discriminants_of_labels_count_an_image_once_for_each_label():
    made = codes("lda", "label")
    rows, classes = np.nonzero(LABELS)
    reference = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    expected = reference.fit(VECTORS[rows], classes).transform(VECTORS)
    np.testing.assert_allclose(made, expected, rtol=1e-9, atol=1e-9)


def test_discriminants_need_two_labels():
    training = Training(VECTORS, None, np.ones((300, 1), bool))
    with pytest.raises(InputError, match="have 1 different labels"):
        STEPS["lda"].fit(training, "label")
