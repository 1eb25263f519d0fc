"""What is changed while a network is traced."""

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional

from rsir.networks.while_traced import batch_norm_of_shapes


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("format_", [torch.contiguous_format, torch.channels_last])
def test_batch_norm_of_fake_tensors_has_the_shape_and_type_of_the_real_one(dtype, format_):
    layer = nn.BatchNorm2d(5).eval()
    expected = layer(torch.ones(2, 5, 3, 4, dtype=dtype).to(memory_format=format_))
    with FakeTensorMode(allow_non_fake_inputs=True), batch_norm_of_shapes():
        result = layer(torch.empty(2, 5, 3, 4, dtype=dtype).to(memory_format=format_))
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    assert result.stride() == expected.stride()


def test_batch_norm_that_trains_computes_while_traced():
    layer, values = nn.BatchNorm1d(3), torch.randn(4, 3)
    with batch_norm_of_shapes():
        result = layer(values)
    assert torch.equal(result, layer(values))
    assert result.std() > 0.9


def test_batch_norm_is_restored_after_an_error():
    original = functional.batch_norm
    with pytest.raises(KeyError), batch_norm_of_shapes():
        raise KeyError
    assert functional.batch_norm is original
