"""The loss of `similarity`: values by hand, gradients, and what it makes of a toy set."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jaccard as jaccard_distance
from scipy.stats import spearmanr

from rsir.training import losses
from rsir.training.losses import jaccard, similarity_loss

SETS = torch.tensor(
    [[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [1, 1, 1, 0], [0, 0, 0, 1], [1, 1, 0, 1]]
).double()


def test_the_loss_of_three_images_by_hand():
    # Angles of 0°, 60° and 90° between the embeddings; Jaccard indices 1/2, 0 and 0.
    embeddings = torch.tensor([[2, 0], [1, math.sqrt(3)], [0, 5]])
    sets = torch.tensor([[1.0, 1, 0], [1, 0, 0], [0, 0, 1]])
    expected = ((0.5 - 0.5) ** 2 + (0 - 0) ** 2 + (math.sqrt(3) / 2 - 0) ** 2) / 3
    assert similarity_loss(embeddings, sets).item() == pytest.approx(expected)


def test_jaccard_indices_agree_with_scipy():
    expected = [[1 - jaccard_distance(one, other) for other in SETS] for one in SETS.bool()]
    np.testing.assert_allclose(jaccard(SETS), expected)
    assert jaccard(torch.zeros(2, 3)).tolist() == [[1, 1], [1, 1]]


def test_gradients_agree_with_finite_differences():
    torch.manual_seed(0)
    embeddings = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: similarity_loss(values, SETS), [embeddings])


def test_the_optimum_orders_pairs_by_their_jaccard_index():
    torch.manual_seed(0)
    embeddings = torch.randn(6, 6, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([embeddings], 0.05)
    for _ in range(400):
        optimizer.zero_grad()
        loss = similarity_loss(embeddings, SETS)
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-6
    unit = torch.nn.functional.normalize(embeddings.detach())
    pairs = np.triu_indices(6, 1)
    cosines = (unit @ unit.T).numpy()[pairs].round(3)
    assert spearmanr(cosines, jaccard(SETS).numpy()[pairs].round(3)).statistic == pytest.approx(1)


def test_pairs_are_formed_within_blocks_of_images(monkeypatch):
    torch.manual_seed(0)
    embeddings = torch.randn(6, 3, dtype=torch.float64)
    halves = [similarity_loss(embeddings[part], SETS[part]) for part in (slice(3), slice(3, 6))]
    monkeypatch.setattr(losses, "COMPARED", 3)
    assert similarity_loss(embeddings, SETS).item() == pytest.approx(sum(halves).item() / 2)
    monkeypatch.setattr(losses, "COMPARED", 1)
    assert similarity_loss(embeddings, SETS).item() == 0
