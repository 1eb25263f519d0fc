"""Activations of several tensors, and pooling in float32."""

import torch

from rsir.networks.backbone import Activations, concatenated, pooled
from rsir.networks.pooling import Pooling


def test_pooling_is_the_mean_over_positions_in_float32():
    feature_map = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[60000.0] * 2] * 2]]).half()
    mean = Pooling("mean", (1, 2, 2, 2), 0)
    # half holds multiples of 32
    assert pooled(mean, feature_map).tolist() == [[3.0, 60000 - 60000 % 32]]


def test_rows_of_activations_are_those_of_each_tensor():
    batch = Activations((torch.arange(6).reshape(3, 2), torch.arange(3)))
    again = concatenated([batch[:1], batch[1:]])
    assert len(batch) == 3
    assert [tensor.tolist() for tensor in batch[1:]] == [[[2, 3], [4, 5]], [1, 2]]
    assert all(torch.equal(one, other) for one, other in zip(batch, again, strict=True))
