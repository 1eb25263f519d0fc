"""The stable selection of the largest values against a stable sort."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsir.search.top_k import stable_top_k


@settings(deadline=None)
@given(
    arrays(np.float32, (5, 12), elements=st.integers(0, 3).map(float)),
    st.integers(1, 12),
)
def test_top_k_agrees_with_a_stable_sort(values, count):
    best, columns = stable_top_k(torch.from_numpy(values), count)
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    np.testing.assert_array_equal(columns, order)
    np.testing.assert_array_equal(best, np.take_along_axis(values, order, axis=1))
