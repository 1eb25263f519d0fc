"""The smoothed average precision of embeddings."""

import numpy as np
import pytest
import torch

from rsir.metrics.ranked_lists import average_precision
from rsir.training.losses import RANKED, jaccard, smooth_ap_loss


@pytest.fixture
def embeddings():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(12, 5, generator=generator, dtype=torch.float64)


@pytest.fixture
def labels():
    generator = torch.Generator().manual_seed(1)
    return (torch.rand(12, 4, generator=generator, dtype=torch.float64) < 0.5).double()


def test_gradients_agree_with_finite_differences(embeddings, labels):
    inputs = embeddings.requires_grad_()
    assert torch.autograd.gradcheck(lambda vectors: smooth_ap_loss(vectors, labels), (inputs,))


def test_without_smoothing_it_is_the_average_precision(embeddings, labels):
    cosines = torch.nn.functional.normalize(embeddings)
    similarity = (cosines @ cosines.T).fill_diagonal_(-2)
    ranked = similarity.argsort(1, descending=True)[:, :-1]
    is_relevant = (jaccard(labels) >= 0.5).fill_diagonal_(False)
    counts = is_relevant.sum(1).numpy()
    scores = average_precision(is_relevant.gather(1, ranked).numpy(), counts)
    loss = smooth_ap_loss(embeddings, labels, temperature=1e-9)
    assert loss.item() == pytest.approx(1 - np.mean(scores[counts > 0]))


def test_relevant_images_first_are_the_optimum():
    labels = torch.eye(3).repeat_interleave(4, 0)
    assert smooth_ap_loss(labels.clone(), labels).item() == pytest.approx(0, abs=1e-6)


def test_images_without_relevant_ones_give_no_loss():
    labels = torch.eye(3)
    embeddings = torch.ones(3, 2, requires_grad=True)
    loss = smooth_ap_loss(embeddings, labels)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(embeddings.grad, torch.zeros(3, 2))


def test_images_are_ranked_within_blocks():
    generator = torch.Generator().manual_seed(2)
    embeddings = torch.randn(RANKED + 30, 4, generator=generator)
    labels = torch.ones(RANKED + 30, 1)
    labels[::2] = 0
    parts = slice(RANKED), slice(RANKED, None)
    first, second = (smooth_ap_loss(embeddings[rows], labels[rows]) for rows in parts)
    expected = (first * RANKED + second * 30) / (RANKED + 30)
    assert smooth_ap_loss(embeddings, labels).item() == pytest.approx(expected.item(), rel=1e-5)
