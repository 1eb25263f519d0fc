"""Factors of the learning rate against values by hand and torch's schedule."""

import numpy as np
import pytest
import torch

from rsir.training.schedule import rate_factors


def test_the_default_is_1_in_every_step():
    np.testing.assert_array_equal(rate_factors("constant", 0, 3, 4), np.ones((3, 4)))


def test_a_warm_up_grows_linearly_before_the_schedule():
    assert rate_factors("constant", 1, 2, 4).tolist() == [[0.25, 0.5, 0.75, 1], [1, 1, 1, 1]]
    assert rate_factors("constant", 0.5, 1, 4).tolist() == [[0.5, 1, 1, 1]]
    assert rate_factors("cosine", 2, 1, 2).tolist() == [[0.25, 0.5]]


def test_the_cosine_agrees_with_torch():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 12)
    rates = []
    for _ in range(12):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    np.testing.assert_allclose(rate_factors("cosine", 0, 3, 4).ravel(), rates)
    assert rate_factors("cosine", 1, 4, 4)[1:].ravel() == pytest.approx(rates)


def test_a_stage_without_epochs_has_no_steps():
    assert rate_factors("cosine", 1, 0, 4).shape == (0, 4)
