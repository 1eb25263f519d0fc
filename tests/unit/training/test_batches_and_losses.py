"""Batches, losses and the validation metric of fine-tuning."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as fuzzed
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from rsir.training.batches import shuffled_batches
from rsir.training.losses import LOSSES, UNSEEN, mean_average_precision


@fuzzed(deadline=None)
@given(st.integers(2, 300), st.integers(2, 64), st.integers(0, 9))
def test_batches_contain_each_image_once_and_at_least_two(images, batch_size, seed):
    rows = np.arange(images) * 3
    batches = shuffled_batches(rows, batch_size, np.random.default_rng(seed))
    assert sorted(np.concatenate(batches)) == list(rows)
    sizes = [len(batch) for batch in batches]
    assert min(sizes) >= 2
    assert max(sizes) <= (3 if batch_size == 2 and images % 2 else batch_size)
    assert max(sizes) - min(sizes) <= 1


def test_batches_are_shuffled():
    rows, generator = np.arange(50), np.random.default_rng(0)
    one, two = (np.concatenate(shuffled_batches(rows, 8, generator)) for _ in range(2))
    assert one.tolist() != two.tolist() != rows.tolist()


def test_hand_computed_losses():
    logits = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]])
    # −log 1/2 and −log 3/4; the class of the second is then unseen in training.
    classes = torch.tensor([1, 0])
    expected = (math.log(2) + math.log(4 / 3)) / 2
    assert LOSSES["softmax"](logits, classes).item() == pytest.approx(expected)
    classes[1] = UNSEEN
    assert LOSSES["softmax"](logits, classes).item() == pytest.approx(math.log(2))
    # −log of 1/2, 1/2, 3/4 and 1/2; the last label is absent.
    labels = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    expected = (3 * math.log(2) + math.log(4 / 3)) / 4
    assert LOSSES["sigmoid"](logits, labels).item() == pytest.approx(expected)


def test_hand_computed_mean_average_precision():
    scores = np.array([[0.9, 0.1, 0.5], [0.8, 0.2, 0.5], [0.7, 0.3, 0.5]])
    present = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 0]])
    # Ranks 1 and 3 of the first output: (1 + 2/3) / 2; rank 3 of the second; none of the third.
    expected = ((1 + 2 / 3) / 2 + 1 / 3) / 2
    assert mean_average_precision(scores, present) == pytest.approx(expected)
    assert math.isnan(mean_average_precision(scores, np.zeros((3, 3))))


def test_mean_average_precision_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    scores, present = rng.random((40, 5)), (rng.random((40, 5)) < 0.3).astype(np.uint8)
    present[:, 2] = 0
    each = [average_precision_score(present[:, i], scores[:, i]) for i in (0, 1, 3, 4)]
    assert mean_average_precision(scores, present) == pytest.approx(np.mean(each))
