"""Pooling of feature maps."""

import torch

from rsir.networks.backbone import pool


def test_pooling_is_the_mean_over_positions_in_float32():
    feature_map = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[60000.0] * 2] * 2]]).half()
    assert pool(feature_map).tolist() == [[3.0, 60000 - 60000 % 32]]  # half holds multiples of 32
